import type { Actor } from '../access/access.port.js';
import type { ApplicationInput } from './application-input.policy.js';
import type { ApplicationView } from './dto/application-view.dto.js';

export type { ApplicationInput } from './application-input.policy.js';
export type { ApplicationView } from './dto/application-view.dto.js';

export interface VersionedView {
  readonly view: ApplicationView;
  /** The ETag is `"{version}"`. */
  readonly version: number;
}

/** Who changes something, as far as the audit log wants to know. */
export type ChangedBy = Pick<Actor, 'username'> & Partial<Pick<Actor, 'requestId' | 'clientIp'>>;

export const APPLICATION_ADMINISTRATION = Symbol('APPLICATION_ADMINISTRATION');

/**
 * Changes applications. Throws `ProblemError`: 400 that names the fields, 404, 409 on a conflict with another
 * application, 412 when `expectedVersion` is not the stored one. A change is in force when it answers.
 */
export interface ApplicationAdministrationPort {
  list(): Promise<VersionedView[]>;
  get(key: string): Promise<VersionedView>;
  create(key: string, input: ApplicationInput, by: ChangedBy): Promise<VersionedView>;
  update(
    key: string,
    input: ApplicationInput,
    by: ChangedBy,
    expectedVersion?: number,
  ): Promise<VersionedView>;
  remove(key: string, by: ChangedBy, expectedVersion?: number): Promise<void>;
}
