import { DirectoryUnavailableError, sameUserName } from '../directory.port.js';
import type { DirectoryEntry, DirectoryUser } from '../directory.port.js';
import type { DirectoryConnection } from '../directory-connection.service.js';
import {
  entryOf,
  isObject,
  objectOf,
  objectsOf,
  textOf,
  unexpected,
  userOf,
} from './directory-client.port.js';
import type { DirectoryClient } from './directory-client.port.js';

const SEARCH_PAGE = 200;
const SEARCH_PAGES = 5;
const ANONYMOUS_STATUSES = [401, 403];

/** Jira's own directory, over its REST API version 2. */
export const jiraDirectory: DirectoryClient = {
  async find(connection, { by, value }) {
    if (by === 'username') return findByName(connection, value);
    const name = await nameByEmail(connection, value);
    return name === undefined ? undefined : findByName(connection, name);
  },

  async searchUsers(connection, text, limit) {
    const users = await searchPage(connection, text === '' ? '.' : text, 0, Math.min(limit, SEARCH_PAGE));
    return users.flatMap(pickerEntry);
  },

  async searchGroups(connection, text, limit) {
    const answer = await connection.get('/rest/api/2/groups/picker', { query: text, maxResults: limit });
    const groups = objectsOf(objectOf(answer, connection, 'groups')['groups']);
    return groups.flatMap((group) => pickerEntry({ name: group['name'] })).slice(0, limit);
  },

  async whoAmI(connection) {
    const answer = await connection.get('/rest/api/2/myself');
    if (ANONYMOUS_STATUSES.includes(answer.status) || answer.actingUser === 'anonymous') return undefined;
    return textOf(objectOf(answer, connection, 'the user of the token')['name']);
  },

  async self(connection) {
    const answer = await connection.get('/rest/api/2/myself', { expand: 'groups' });
    return jiraUser(objectOf(answer, connection, 'the user of the token'), connection);
  },
};

async function findByName(
  connection: DirectoryConnection,
  username: string,
): Promise<DirectoryUser | undefined> {
  const answer = await connection.get('/rest/api/2/user', { username, expand: 'groups' });
  if (answer.status === 404) return undefined;
  const user = jiraUser(objectOf(answer, connection, 'users'), connection);
  return sameUserName(user.username, username) ? user : undefined;
}

/** The search matches parts of names too, so only an exact address counts, and only when one user has it. */
async function nameByEmail(connection: DirectoryConnection, email: string): Promise<string | undefined> {
  const names: string[] = [];
  for (let page = 0; page < SEARCH_PAGES; page++) {
    const users = await searchPage(connection, email, page * SEARCH_PAGE, SEARCH_PAGE);
    for (const user of users) {
      const [name, address] = [textOf(user['name']), textOf(user['emailAddress'])];
      if (name !== undefined && address !== undefined && sameUserName(address, email)) names.push(name);
    }
    if (users.length < SEARCH_PAGE) return names.length === 1 ? names[0] : undefined;
  }
  throw new DirectoryUnavailableError(`${connection.label} finds too many users for one e-mail address.`);
}

async function searchPage(
  connection: DirectoryConnection,
  text: string,
  startAt: number,
  maxResults: number,
): Promise<Record<string, unknown>[]> {
  const parameters = { username: text, includeInactive: 'true', startAt, maxResults };
  const answer = await connection.get('/rest/api/2/user/search', parameters);
  if (answer.status !== 200 || !Array.isArray(answer.json))
    throw unexpected(answer, connection, 'a user search');
  return objectsOf(answer.json);
}

function jiraUser(json: Readonly<Record<string, unknown>>, connection: DirectoryConnection): DirectoryUser {
  const username = textOf(json['name']);
  if (username === undefined)
    throw new DirectoryUnavailableError(`${connection.label} gave a user without a name.`);
  const list = isObject(json['groups']) ? json['groups'] : {};
  const groups = objectsOf(list['items']).flatMap((group) => textOf(group['name']) ?? []);
  if (typeof list['size'] === 'number' && list['size'] > groups.length) {
    throw new DirectoryUnavailableError(
      `${connection.label} gave only ${groups.length} of the ${list['size']} groups of a user.`,
    );
  }
  return userOf({
    username,
    email: textOf(json['emailAddress']),
    displayName: textOf(json['displayName']),
    active: json['active'] === true && json['deleted'] !== true,
    groups,
  });
}

function pickerEntry(json: Readonly<Record<string, unknown>>): DirectoryEntry[] {
  const name = textOf(json['name']);
  return name === undefined ? [] : [entryOf(name, textOf(json['displayName']), textOf(json['emailAddress']))];
}
