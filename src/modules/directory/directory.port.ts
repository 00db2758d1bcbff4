import type { Application } from '../applications/applications.port.js';

/** A user as the application's directory knows it. */
export interface DirectoryUser {
  /** As the directory spells it. */
  readonly username: string;
  readonly email?: string;
  readonly displayName?: string;
  readonly active: boolean;
  readonly groups: readonly string[];
  /** `groups` in lower case. */
  readonly groupKeys: ReadonlySet<string>;
}

export interface DirectoryQuery {
  readonly by: 'username' | 'email';
  readonly value: string;
}

/** Group and user for pickers. */
export interface DirectoryEntry {
  readonly name: string;
  readonly displayName?: string;
  readonly email?: string;
}

export const DIRECTORY = Symbol('DIRECTORY');

/**
 * Looks up users and groups of an application's directory. Answers synchronously from the cache (60 s; up to
 * 10 min old when the directory is away); one call for many waiting look-ups. Matches exactly: a fuzzy search
 * with no or several exact hits is `undefined`. Throws `DirectoryUnavailableError` when the directory cannot
 * be asked and nothing usable is cached. Never called for directories of kind `claims`.
 */
export interface DirectoryPort {
  find(
    application: Application,
    query: DirectoryQuery,
  ): DirectoryUser | undefined | Promise<DirectoryUser | undefined>;
  /** At most `limit` entries whose name contains `text`. */
  searchUsers(application: Application, text: string, limit: number): Promise<DirectoryEntry[]>;
  searchGroups(application: Application, text: string, limit: number): Promise<DirectoryEntry[]>;
  /**
   * Asks the application itself whom a personal access token belongs to (cached by hash: valid at most 60 s,
   * refused at most 10 s). `undefined`: the application does not accept it.
   */
  whoIs(
    application: Application,
    personalAccessToken: string,
  ): DirectoryUser | undefined | Promise<DirectoryUser | undefined>;
  /** Proves that the service account works; words for the admin when it does not. */
  check(application: Application): Promise<{ ok: boolean; detail: string }>;
}
/** The directory could not be asked and nothing usable is cached: 503 `directory_unavailable`. */
export class DirectoryUnavailableError extends Error {
  override readonly name = 'DirectoryUnavailableError';

  constructor(
    message: string,
    readonly retryAfterSeconds = 5,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * True when two user names name the same user: they differ at most in case. Characters that only look alike
 * after case folding (the Kelvin sign and k, the long s) are different, whatever the application thinks.
 */
export function sameUserName(a: string, b: string): boolean {
  return a === b || (a.toLowerCase() === b.toLowerCase() && a.toUpperCase() === b.toUpperCase());
}
