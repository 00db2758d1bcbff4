import { adminRequired, failure, json, loginRequired, lookupForbidden, numberParameter } from './answers.js';
import { on, type Route } from './answers.js';
import type { StandInState } from './state.js';
import type { Exchange, StandInUser } from './types.js';

export function jiraUser(
  exchange: Exchange,
  user: StandInUser,
  withGroups: boolean,
): Record<string, unknown> {
  const group = (name: string) => ({
    name,
    self: `${exchange.baseUrl}/rest/api/2/group?groupname=${encodeURIComponent(name)}`,
  });
  return {
    self: `${exchange.baseUrl}/rest/api/2/user?username=${encodeURIComponent(user.name)}`,
    key: `JIRAUSER${10000 + user.name.length}`,
    name: user.name,
    emailAddress: user.email,
    avatarUrls: { '48x48': `${exchange.baseUrl}/secure/useravatar?avatarId=10122` },
    displayName: user.displayName,
    active: user.active,
    deleted: false,
    timeZone: 'Etc/UTC',
    locale: 'en_US',
    groups: { size: user.groups.length, items: withGroups ? user.groups.map(group) : [] },
    applicationRoles: { size: 1, items: [] },
    expand: 'groups,applicationRoles',
  };
}

function withGroups(exchange: Exchange): boolean {
  return (exchange.parameters.get('expand') ?? '').split(',').includes('groups');
}

function oneUser(state: StandInState, exchange: Exchange): true {
  if (lookupForbidden(exchange)) return true;
  const wanted = exchange.parameters.get('username') ?? exchange.parameters.get('key');
  if (wanted === null) {
    return failure(exchange, 400, 'Either the username or the key query parameters need to be provided');
  }
  const user = state.directory.find(wanted);
  if (user === null) return failure(exchange, 404, `The user named '${wanted}' does not exist`);
  return json(exchange, 200, jiraUser(exchange, user, withGroups(exchange)));
}

function searchUsers(state: StandInState, exchange: Exchange): true {
  if (loginRequired(exchange)) return true;
  if (!exchange.user?.browseUsers) return json(exchange, 200, []);
  const wanted = exchange.parameters.get('username');
  if (wanted === null) return failure(exchange, 400, 'The username query parameter was not provided');
  const inactiveToo = exchange.parameters.get('includeInactive') === 'true';
  const startAt = numberParameter(exchange, 'startAt', 0);
  const maxResults = Math.min(numberParameter(exchange, 'maxResults', 50), 1000);
  const found = (wanted === '.' ? state.directory.all() : state.directory.search(wanted))
    .filter((each) => each.active || inactiveToo)
    .slice(startAt, startAt + maxResults);
  return json(
    exchange,
    200,
    found.map((each) => jiraUser(exchange, each, false)),
  );
}

function pickGroups(state: StandInState, exchange: Exchange): true {
  if (loginRequired(exchange)) return true;
  const query = (exchange.parameters.get('query') ?? '').toLowerCase();
  const all = exchange.user?.browseUsers ? state.directory.groups() : [];
  const found = all.filter((each) => each.toLowerCase().includes(query));
  const shown = found.slice(0, numberParameter(exchange, 'maxResults', 20));
  return json(exchange, 200, {
    header: `Showing ${shown.length} of ${found.length} matching groups`,
    total: found.length,
    groups: shown.map((name) => ({ name, html: name, labels: [] })),
  });
}

function groupMembers(state: StandInState, exchange: Exchange): true {
  if (adminRequired(exchange)) return true;
  const group = exchange.parameters.get('groupname') ?? '';
  if (!state.directory.groups().includes(group)) {
    return failure(exchange, 404, `The group named '${group}' does not exist.`);
  }
  const inactiveToo = exchange.parameters.get('includeInactiveUsers') === 'true';
  const startAt = numberParameter(exchange, 'startAt', 0);
  const maxResults = Math.min(numberParameter(exchange, 'maxResults', 50), 50);
  const members = state.directory.members(group).filter((each) => each.active || inactiveToo);
  const values = members.slice(startAt, startAt + maxResults).map((each) => jiraUser(exchange, each, false));
  const isLast = startAt + values.length >= members.length;
  return json(exchange, 200, {
    self: `${exchange.baseUrl}/rest/api/2/group/member?groupname=${encodeURIComponent(group)}`,
    maxResults,
    startAt,
    total: members.length,
    isLast,
    values,
  });
}

/** Jira's users and groups. */
export function jiraDirectoryRoutes(state: StandInState): Route[] {
  return [
    on(
      'GET',
      /^\/rest\/api\/2\/myself$/,
      (exchange) =>
        loginRequired(exchange) ||
        (exchange.user !== null &&
          json(exchange, 200, jiraUser(exchange, exchange.user, withGroups(exchange)))),
    ),
    on('PUT', /^\/rest\/api\/2\/myself\/password$/, (exchange) => {
      if (exchange.user === null) return loginRequired(exchange);
      exchange.response.writeHead(204).end();
      return true;
    }),
    on('GET', /^\/rest\/api\/2\/user$/, (exchange) => oneUser(state, exchange)),
    on('GET', /^\/rest\/api\/2\/user\/search$/, (exchange) => searchUsers(state, exchange)),
    on('GET', /^\/rest\/api\/2\/groups\/picker$/, (exchange) => pickGroups(state, exchange)),
    on('GET', /^\/rest\/api\/2\/group\/member$/, (exchange) => groupMembers(state, exchange)),
  ];
}
