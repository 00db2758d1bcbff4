import { DirectoryUnavailableError } from '../directory.port.js';
import type { DirectoryEntry, DirectoryQuery, DirectoryUser } from '../directory.port.js';
import type { DirectoryAnswer, DirectoryConnection } from '../directory-connection.service.js';

/** How one product is asked for users and groups. */
export interface DirectoryClient {
  /** The one user who matches exactly. */
  find(connection: DirectoryConnection, query: DirectoryQuery): Promise<DirectoryUser | undefined>;
  searchUsers(connection: DirectoryConnection, text: string, limit: number): Promise<DirectoryEntry[]>;
  searchGroups(connection: DirectoryConnection, text: string, limit: number): Promise<DirectoryEntry[]>;
  /** The name of whom the connection acts as; undefined: nobody. Asks for nothing else: users may not look up. */
  whoAmI(connection: DirectoryConnection): Promise<string | undefined>;
  /** Whom the connection acts as, in full, as far as such a user may know it. */
  self(connection: DirectoryConnection, username: string): Promise<DirectoryUser | undefined>;
  /** What this directory cannot tell, for the admin who sets it up. */
  readonly limits?: string;
}

/** Pages of one list at most; a list that goes on longer is an error, never silently cut where groups decide. */
export const MOST_PAGES = 50;

type Json = Readonly<Record<string, unknown>>;

/** The answer's object; throws when the directory gave something else. */
export function objectOf(answer: DirectoryAnswer, connection: DirectoryConnection, what: string): Json {
  if (answer.status === 403) {
    throw new DirectoryUnavailableError(
      `${connection.label} does not let the service account look up ${what} (HTTP 403): give it the global permission to browse users, or administration.`,
    );
  }
  if (answer.status !== 200 || !isObject(answer.json)) throw unexpected(answer, connection, what);
  return answer.json;
}

export function unexpected(
  answer: DirectoryAnswer,
  connection: DirectoryConnection,
  what: string,
): DirectoryUnavailableError {
  return new DirectoryUnavailableError(
    `${connection.label} gave an unexpected answer for ${what} (HTTP ${answer.status}).`,
  );
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects of a JSON list; empty when it is none. */
export function objectsOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A user of the directory; the groups also in lower case. */
export function userOf(fields: {
  username: string;
  email?: string | undefined;
  displayName?: string | undefined;
  active: boolean;
  groups: readonly string[];
}): DirectoryUser {
  const { username, email, displayName, active, groups } = fields;
  return Object.freeze({
    username,
    ...(email !== undefined && { email }),
    ...(displayName !== undefined && { displayName }),
    active,
    groups,
    groupKeys: new Set(groups.map((group) => group.toLowerCase())),
  });
}

/** The entry of a picker. */
export function entryOf(name: string, displayName?: string, email?: string): DirectoryEntry {
  return { name, ...(displayName !== undefined && { displayName }), ...(email !== undefined && { email }) };
}

export function contains(text: string, ...values: (string | undefined)[]): boolean {
  const wanted = text.toLowerCase();
  return values.some((value) => value?.toLowerCase().includes(wanted));
}
