import { DirectoryUnavailableError, sameUserName } from '../directory.port.js';
import type { DirectoryEntry, DirectoryUser } from '../directory.port.js';
import type { DirectoryConnection, Parameters } from '../directory-connection.service.js';
import {
  MOST_PAGES,
  contains,
  entryOf,
  isObject,
  objectOf,
  objectsOf,
  textOf,
  userOf,
} from './directory-client.port.js';
import type { DirectoryClient } from './directory-client.port.js';

type Json = Readonly<Record<string, unknown>>;

const PAGE = 200;
const GROUP_PAGES = 10;
const ANONYMOUS_STATUSES = [401, 403];
const INACTIVE = /^(?:deactivated|inactive|disabled|deleted|unlicensed)$/i;

/** Confluence's own directory. Its REST API knows no e-mail addresses. */
export const confluenceDirectory: DirectoryClient = {
  async find(connection, { by, value }) {
    if (by === 'email') {
      throw new DirectoryUnavailableError(
        `${connection.label} is a Confluence, whose REST API knows no e-mail addresses: look users up by user name, or use the directory of a Jira or Crowd.`,
      );
    }
    const json = await userNamed(connection, value);
    return json && confluenceUser(connection, json);
  },

  async searchUsers(connection, text, limit) {
    const exact = text === '' ? undefined : await userNamed(connection, text);
    const found = exact ? [exact] : [];
    const words = text.replace(/["\\*~?]/g, ' ').trim();
    const cql = words === '' ? 'type=user' : `type=user and user.fullname~"${words}*"`;
    const answer = await connection.get('/rest/api/search', { cql, limit: Math.min(limit, PAGE) });
    // Releases without user search still answer the exact name.
    const results = answer.status === 200 && isObject(answer.json) ? objectsOf(answer.json['results']) : [];
    for (const result of results) if (isObject(result['user'])) found.push(result['user']);
    const entries = new Map(found.flatMap(pickerEntry).map((entry) => [entry.name, entry]));
    return [...entries.values()].slice(0, limit);
  },

  async searchGroups(connection, text, limit) {
    const names = await groupNames(connection, '/rest/api/group', {}, GROUP_PAGES, false);
    const found = names.filter((name) => contains(text, name)).slice(0, limit);
    // There is no search, and the list may be longer than what was read: an exact name is found all the same.
    const exact = found.length === 0 && text !== '' ? await groupNamed(connection, text) : undefined;
    return (exact === undefined ? found : [exact]).map((name) => entryOf(name));
  },

  async whoAmI(connection) {
    const answer = await connection.get('/rest/api/user/current');
    if (ANONYMOUS_STATUSES.includes(answer.status) || answer.actingUser === 'anonymous') return undefined;
    const json = objectOf(answer, connection, 'the user of the token');
    return json['type'] === 'anonymous' ? undefined : textOf(json['username']);
  },

  limits:
    "Confluence's REST API knows no e-mail addresses: providers that look users up by e-mail need the directory of a Jira or Crowd here.",

  self: (connection, username) => confluenceUser(connection, { username }),
};

async function userNamed(connection: DirectoryConnection, username: string): Promise<Json | undefined> {
  const answer = await connection.get('/rest/api/user', { username, expand: 'status' });
  if (answer.status === 404) return undefined;
  const json = objectOf(answer, connection, 'users');
  const name = textOf(json['username']);
  return name !== undefined && sameUserName(name, username) ? json : undefined;
}

async function groupNamed(connection: DirectoryConnection, name: string): Promise<string | undefined> {
  // A name with a slash cannot be asked for: containers refuse it in a path.
  if (/[/\\;]/.test(name)) return undefined;
  const answer = await connection.get(`/rest/api/group/${encodeURIComponent(name)}`);
  return answer.status === 200 && isObject(answer.json) ? textOf(answer.json['name']) : undefined;
}

async function confluenceUser(connection: DirectoryConnection, json: Json): Promise<DirectoryUser> {
  const username = textOf(json['username']);
  if (username === undefined)
    throw new DirectoryUnavailableError(`${connection.label} gave a user without a name.`);
  const groups = await groupNames(connection, '/rest/api/user/memberof', { username }, MOST_PAGES, true);
  const active = !INACTIVE.test(textOf(json['status']) ?? '');
  return userOf({ username, displayName: textOf(json['displayName']), active, groups });
}

/** All names of a paged list. With `complete` a list that does not end is an error. */
async function groupNames(
  connection: DirectoryConnection,
  path: string,
  parameters: Parameters,
  mostPages: number,
  complete: boolean,
): Promise<string[]> {
  const names: string[] = [];
  for (let page = 0, start = 0; page < mostPages; page++) {
    const answer = await connection.get(path, { ...parameters, start, limit: PAGE });
    const json = objectOf(answer, connection, 'groups');
    const results = objectsOf(json['results']);
    names.push(...results.flatMap((group) => textOf(group['name']) ?? []));
    const hasNext = isObject(json['_links']) && json['_links']['next'] !== undefined;
    if (results.length === 0 || !hasNext) return names;
    start += results.length;
  }
  if (complete)
    throw new DirectoryUnavailableError(`${connection.label} lists too many groups for one user.`);
  return names;
}

function pickerEntry(json: Json): DirectoryEntry[] {
  const name = textOf(json['username']);
  return name === undefined ? [] : [entryOf(name, textOf(json['displayName']))];
}
