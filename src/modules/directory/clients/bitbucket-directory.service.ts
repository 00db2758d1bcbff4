import { DirectoryUnavailableError, sameUserName } from '../directory.port.js';
import type { DirectoryEntry, DirectoryQuery, DirectoryUser } from '../directory.port.js';
import type { DirectoryConnection, Parameters } from '../directory-connection.service.js';
import { MOST_PAGES, entryOf, objectOf, textOf, userOf } from './directory-client.port.js';
import type { DirectoryClient } from './directory-client.port.js';

type Json = Readonly<Record<string, unknown>>;

const API = '/rest/api/latest';
const PAGE = 100;

/** Bitbucket's own directory. A user's address is made of the slug, not of the name, so names are searched. */
export const bitbucketDirectory: DirectoryClient = {
  async find(connection, query) {
    const user = await exactUser(connection, query, `${API}/admin/users`);
    return user && bitbucketUser(connection, user);
  },

  async searchUsers(connection, text, limit) {
    return (await firstPage(connection, `${API}/admin/users`, filterOf(text), limit))
      .filter(isFields)
      .flatMap(pickerEntry);
  },

  async searchGroups(connection, text, limit) {
    const names = await firstPage(connection, `${API}/groups`, filterOf(text), limit);
    return names.flatMap((name) => (typeof name === 'string' ? [entryOf(name)] : []));
  },

  /** There is no resource for it; every answer to somebody authenticated names the user in a header. */
  async whoAmI(connection) {
    const answer = await connection.get(`${API}/application-properties`);
    if (answer.status === 401 || answer.status === 403) return undefined;
    const name = answer.actingUser;
    return name === 'anonymous' ? undefined : name;
  },

  async self(connection, username) {
    const user = await exactUser(connection, { by: 'username', value: username }, `${API}/users`);
    return user && bitbucketUser(connection, user);
  },
};

/** The filter matches parts of the name, full name and e-mail address, so only an exact and single hit counts. */
async function exactUser(
  connection: DirectoryConnection,
  query: DirectoryQuery,
  path: string,
): Promise<Json | undefined> {
  const field = query.by === 'username' ? 'name' : 'emailAddress';
  const users = await allPages(connection, path, { filter: query.value });
  const exact = users.filter(isFields).filter((user) => sameUserName(textOf(user[field]) ?? '', query.value));
  return exact.length === 1 ? exact[0] : undefined;
}

async function bitbucketUser(connection: DirectoryConnection, json: Json): Promise<DirectoryUser> {
  const username = textOf(json['name']);
  if (username === undefined)
    throw new DirectoryUnavailableError(`${connection.label} gave a user without a name.`);
  const groups = await allPages(connection, `${API}/admin/users/more-members`, { context: username });
  return userOf({
    username,
    email: textOf(json['emailAddress']),
    displayName: textOf(json['displayName']),
    active: json['active'] === true,
    groups: groups.filter(isFields).flatMap((group) => textOf(group['name']) ?? []),
  });
}

async function firstPage(
  connection: DirectoryConnection,
  path: string,
  parameters: Parameters,
  limit: number,
): Promise<unknown[]> {
  const answer = await connection.get(path, { ...parameters, limit });
  return valuesOf(objectOf(answer, connection, 'users and groups')).slice(0, limit);
}

async function allPages(
  connection: DirectoryConnection,
  path: string,
  parameters: Parameters,
): Promise<unknown[]> {
  const all: unknown[] = [];
  let start = 0;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await connection.get(path, { ...parameters, start, limit: PAGE });
    const json = objectOf(answer, connection, 'users and groups');
    all.push(...valuesOf(json));
    if (json['isLastPage'] !== false || typeof json['nextPageStart'] !== 'number') return all;
    start = json['nextPageStart'];
  }
  throw new DirectoryUnavailableError(
    `${connection.label} has too many pages of users or groups for one look-up.`,
  );
}

function filterOf(text: string): Parameters {
  return text === '' ? {} : { filter: text };
}

function valuesOf(json: Json): unknown[] {
  return Array.isArray(json['values']) ? (json['values'] as unknown[]) : [];
}

function isFields(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

function pickerEntry(json: Json): DirectoryEntry[] {
  const name = textOf(json['name']);
  return name === undefined ? [] : [entryOf(name, textOf(json['displayName']), textOf(json['emailAddress']))];
}
