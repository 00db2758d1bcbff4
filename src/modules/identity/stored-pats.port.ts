import { SnapshotSlot } from '../../platform/change-feed/snapshot.js';
import type { StoredPatState } from './stored-pat-state.policy.js';

/** What is stored for one user and one application. */
export interface StoredPat extends StoredPatState {
  readonly username: string;
  /** In the clear: the hot path sends it. */
  readonly token: string;
  readonly storedAt: Date;
}

/** Stored personal access tokens by application id and user name in lower case. */
export const STORED_PATS_SLOT = new SnapshotSlot<ReadonlyMap<string, StoredPat>>('stored-pats', new Map());

/** The place of a stored token: in the snapshot and in the change log. */
export function placeOf(applicationId: string, username: string): string {
  return `${applicationId}/${username.toLowerCase()}`;
}

export const STORED_PATS = Symbol('STORED_PATS');

export interface StoredPatInfo extends StoredPatState {
  readonly applicationKey: string;
  readonly storedAt: Date;
}

export interface NewStoredPat {
  readonly personalAccessToken: string;
  /** When it ends, as its owner says; where the application tells, that counts. */
  readonly expiresAt?: Date;
}

/** The tokens that users stored for the identity mode `pat`. */
export interface StoredPatsPort {
  /** Memory only. Undefined when this very user has stored none. */
  storedBy(applicationId: string, username: string): StoredPat | undefined;
  /** Memory only: what a user has stored, and how it is. */
  listOf(username: string): StoredPatInfo[];
  /**
   * Stores a token after the application has said that it belongs to this very user; in force when it answers.
   * Throws `ProblemError` (400, 404, 409) and `DirectoryUnavailableError`.
   */
  store(applicationKey: string, pat: NewStoredPat, by: PatOwner): Promise<StoredPatInfo>;
  /** Throws `ProblemError` 404 when none is stored. */
  remove(applicationKey: string, by: PatOwner): Promise<void>;
}

export interface PatOwner {
  readonly username: string;
  readonly requestId?: string;
  readonly clientIp?: string;
}
