import { DirectoryUnavailableError, sameUserName } from '../directory.port.js';
import type { DirectoryEntry, DirectoryUser } from '../directory.port.js';
import type { DirectoryConnection } from '../directory-connection.service.js';
import { MOST_PAGES, entryOf, objectOf, objectsOf, textOf, userOf } from './directory-client.port.js';
import type { DirectoryClient } from './directory-client.port.js';

type Json = Readonly<Record<string, unknown>>;

const API = '/rest/usermanagement/1';
const PAGE = 500;
/** An exact search that finds more than this is not exact. */
const EXACT_LIMIT = 20;

/** Crowd, asked as the application that is set up there for Restgate. */
export const crowdDirectory: DirectoryClient = {
  async find(connection, { by, value }) {
    if (by === 'username') return findByName(connection, value);
    const users = await search(connection, 'user', `email="${quoted(value)}"`, EXACT_LIMIT);
    const exact = users.filter((user) => sameUserName(textOf(user['email']) ?? '', value));
    const name = exact.length === 1 ? textOf(exact[0]?.['name']) : undefined;
    return name === undefined ? undefined : findByName(connection, name);
  },

  async searchUsers(connection, text, limit) {
    return (await search(connection, 'user', `name="*${quoted(text)}*"`, limit)).flatMap(pickerEntry);
  },

  async searchGroups(connection, text, limit) {
    return (await search(connection, 'group', `name="*${quoted(text)}*"`, limit)).flatMap(pickerEntry);
  },

  /** Crowd knows applications, not callers. */
  whoAmI() {
    return Promise.resolve(undefined);
  },

  self() {
    return Promise.resolve(undefined);
  },
};

async function findByName(
  connection: DirectoryConnection,
  username: string,
): Promise<DirectoryUser | undefined> {
  const answer = await connection.get(`${API}/user`, { username });
  if (answer.status === 404) return undefined;
  refuseAddress(answer.status, connection);
  const json = objectOf(answer, connection, 'users');
  const name = textOf(json['name']);
  if (name === undefined || !sameUserName(name, username)) return undefined;
  return userOf({
    username: name,
    email: textOf(json['email']),
    displayName: textOf(json['display-name']),
    active: json['active'] === true,
    groups: await nestedGroups(connection, name),
  });
}

async function nestedGroups(connection: DirectoryConnection, username: string): Promise<string[]> {
  const names: string[] = [];
  for (let page = 0; page < MOST_PAGES; page++) {
    const parameters = { username, 'start-index': page * PAGE, 'max-results': PAGE };
    const answer = await connection.get(`${API}/user/group/nested`, parameters);
    if (answer.status === 404) return names;
    const groups = objectsOf(objectOf(answer, connection, 'groups')['groups']);
    names.push(...groups.flatMap((group) => textOf(group['name']) ?? []));
    if (groups.length < PAGE) return names;
  }
  throw new DirectoryUnavailableError(`${connection.label} lists too many groups for one user.`);
}

async function search(
  connection: DirectoryConnection,
  type: 'user' | 'group',
  restriction: string,
  limit: number,
): Promise<Json[]> {
  const parameters = {
    'entity-type': type,
    restriction,
    expand: type,
    'start-index': 0,
    'max-results': limit,
  };
  const answer = await connection.get(`${API}/search`, parameters);
  refuseAddress(answer.status, connection);
  return objectsOf(objectOf(answer, connection, `${type}s`)[`${type}s`]);
}

/** Crowd answers 403 to applications whose address is not in its list. */
function refuseAddress(status: number, connection: DirectoryConnection): void {
  if (status !== 403) return;
  throw new DirectoryUnavailableError(
    `${connection.label} refuses Restgate's address (HTTP 403): add it to the application's remote addresses in Crowd.`,
  );
}

/** For a double-quoted string of the Crowd query language. */
function quoted(text: string): string {
  return text.replace(/[\\"]/g, '\\$&');
}

function pickerEntry(json: Json): DirectoryEntry[] {
  const name = textOf(json['name']);
  return name === undefined ? [] : [entryOf(name, textOf(json['display-name']), textOf(json['email']))];
}
