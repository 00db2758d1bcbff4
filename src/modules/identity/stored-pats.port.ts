import { SnapshotSlot } from '../../platform/change-feed/snapshot.js';

export interface StoredPat {
  readonly username: string;
  /** In the clear: the hot path sends it. */
  readonly token: string;
}

/** Stored personal access tokens by application id and user name in lower case. */
export const STORED_PATS_SLOT = new SnapshotSlot<ReadonlyMap<string, StoredPat>>('stored-pats', new Map());

export const STORED_PATS = Symbol('STORED_PATS');

export interface StoredPatInfo {
  readonly applicationKey: string;
  readonly storedAt: Date;
}

/** The tokens that users stored for the identity mode `pat`. */
export interface StoredPatsPort {
  /** Memory only. Undefined when this very user has stored none. */
  tokenOf(applicationId: string, username: string): string | undefined;
  listOf(username: string): Promise<StoredPatInfo[]>;
  /**
   * Stores a token after the application has said that it belongs to this very user; in force when it answers.
   * Throws `ProblemError` (400, 404, 409) and `DirectoryUnavailableError`.
   */
  store(applicationKey: string, personalAccessToken: string, by: PatOwner): Promise<StoredPatInfo>;
  /** Throws `ProblemError` 404 when none is stored. */
  remove(applicationKey: string, by: PatOwner): Promise<void>;
}

export interface PatOwner {
  readonly username: string;
  readonly requestId?: string;
  readonly clientIp?: string;
}
