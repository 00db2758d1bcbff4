import {
  adminRequired,
  failure,
  json,
  jsonBody,
  lookupForbidden,
  loginRequired,
  nameOf,
  noContent,
  numberParameter,
  text,
} from './answers.js';
import { on, type Route } from './answers.js';
import type { StandInState } from './state.js';
import type { Exchange, StandInUser } from './types.js';

function userView(exchange: Exchange, user: StandInUser | null): Record<string, unknown> {
  const profilePicture = {
    path: `${exchange.contextPath}/images/icons/profilepics/default.svg`,
    width: 48,
    height: 48,
    isDefault: true,
  };
  if (user === null) return { type: 'anonymous', profilePicture, displayName: 'Anonymous' };
  return {
    type: 'known',
    username: user.name,
    userKey: Buffer.from(user.name).toString('hex').padEnd(32, '0').slice(0, 32),
    profilePicture,
    displayName: user.displayName,
    _links: {
      base: exchange.baseUrl,
      context: exchange.contextPath,
      self: `${exchange.baseUrl}/rest/api/user?username=${encodeURIComponent(user.name)}`,
    },
  };
}

function page(exchange: Exchange, all: unknown[]): true {
  const start = numberParameter(exchange, 'start', 0);
  const limit = Math.min(numberParameter(exchange, 'limit', 200), 200);
  const results = all.slice(start, start + limit);
  const more = start + results.length < all.length;
  const next = more ? { next: `${exchange.path}?limit=${limit}&start=${start + limit}` } : {};
  const _links = {
    base: exchange.baseUrl,
    context: exchange.contextPath,
    self: exchange.baseUrl + exchange.path,
    ...next,
  };
  return json(exchange, 200, { results, start, limit, size: results.length, _links });
}

function notFound(exchange: Exchange, message: string): true {
  return json(exchange, 404, {
    statusCode: 404,
    data: { authorized: false, valid: true, errors: [], successful: false },
    message,
    reason: 'Not Found',
  });
}

/** CQL of user search: everybody, or whose full name has a word that begins so. */
function searchUsers(state: StandInState, exchange: Exchange): true {
  if (lookupForbidden(exchange)) return true;
  const cql = exchange.parameters.get('cql') ?? '';
  const match = /^type=user(?: and user\.fullname~"([^"\\]*)\*")?$/.exec(cql);
  if (!match) return json(exchange, 400, { statusCode: 400, message: `Could not parse cql : ${cql}` });
  const words = (match[1] ?? '').toLowerCase().split(/\s+/);
  const found = state.directory.all().filter(({ displayName }) => {
    const names = displayName.toLowerCase().split(/\s+/);
    return words.every((word) => names.some((name) => name.startsWith(word)));
  });
  return page(
    exchange,
    found.map((each) => ({ user: userView(exchange, each), entityType: 'user' })),
  );
}

function directoryRoutes(state: StandInState): Route[] {
  const wanted = (exchange: Exchange): string =>
    exchange.parameters.get('username') ?? exchange.parameters.get('key') ?? '';
  const group = (name: string) => ({ type: 'group', name });
  return [
    on('GET', /^\/rest\/api\/user\/current$/, (exchange) =>
      json(exchange, 200, userView(exchange, exchange.user)),
    ),
    on('GET', /^\/rest\/api\/search$/, (exchange) => searchUsers(state, exchange)),
    on('GET', /^\/rest\/api\/user\/anonymous$/, (exchange) => json(exchange, 200, userView(exchange, null))),
    on('GET', /^\/rest\/api\/user$/, (exchange) => {
      if (lookupForbidden(exchange)) return true;
      const user = state.directory.find(wanted(exchange));
      if (user === null) return notFound(exchange, `No user found with username : ${wanted(exchange)}`);
      return json(exchange, 200, userView(exchange, user));
    }),
    on('GET', /^\/rest\/api\/user\/memberof$/, (exchange) => {
      if (lookupForbidden(exchange)) return true;
      const user = state.directory.find(wanted(exchange));
      if (user === null) return notFound(exchange, `No user found with username : ${wanted(exchange)}`);
      return page(exchange, user.groups.map(group));
    }),
    on(
      'GET',
      /^\/rest\/api\/group$/,
      (exchange) => lookupForbidden(exchange) || page(exchange, state.directory.groups().map(group)),
    ),
    on('GET', /^\/rest\/api\/group\/([^/]+)(\/member)?$/, (exchange, match) => {
      if (match[2] === undefined ? lookupForbidden(exchange) : adminRequired(exchange)) return true;
      const name = match[1] ?? '';
      if (!state.directory.groups().includes(name)) return notFound(exchange, `No group with name: ${name}`);
      if (match[2] === undefined) return json(exchange, 200, group(name));
      return page(
        exchange,
        state.directory.members(name).map((each) => userView(exchange, each)),
      );
    }),
    on('GET', /^\/rest\/api\/(admin\/users\/list\/active|user\/list)$/, (exchange, match) => {
      if (adminRequired(exchange)) return true;
      const all = state.directory.all().filter((each) => each.active || match[1] === 'user/list');
      return page(
        exchange,
        all.map((each) => userView(exchange, each)),
      );
    }),
  ];
}

function contentRoutes(): Route[] {
  const pages = new Map<string, Record<string, unknown>>([
    ['1001', { id: '1001', type: 'page', status: 'current', title: 'Public page', space: { key: 'PUB' } }],
    ['1002', { id: '1002', type: 'page', status: 'current', title: 'Team page', space: { key: 'TEAM' } }],
  ]);
  const visible = (exchange: Exchange) =>
    [...pages.values()].filter(
      (each) => exchange.user !== null || (each.space as { key: string }).key === 'PUB',
    );
  const find = (exchange: Exchange, id: string) => visible(exchange).find((each) => each.id === id);
  return [
    on('GET', /^\/rest\/api\/content$/, (exchange) => page(exchange, visible(exchange))),
    on('GET', /^\/rest\/api\/content\/search$/, (exchange) => page(exchange, visible(exchange))),
    on('GET', /^\/rest\/api\/space$/, (exchange) =>
      page(exchange, [{ key: 'PUB', name: 'Public', type: 'global' }]),
    ),
    on('GET', /^\/rest\/api\/content\/(\d+)$/, (exchange, match) => {
      const found = find(exchange, match[1] ?? '');
      return found === undefined
        ? notFound(exchange, `No content found with id: ${match[1]}`)
        : json(exchange, 200, found);
    }),
    on('POST', /^\/rest\/api\/content$/, (exchange) => {
      if (exchange.user === null) return failure(exchange, 403, 'Could not create content: not permitted');
      const id = String(1100 + pages.size);
      pages.set(id, {
        ...jsonBody(exchange),
        id,
        history: { createdBy: { username: nameOf(exchange.user) } },
      });
      return json(exchange, 200, pages.get(id));
    }),
    on('DELETE', /^\/rest\/api\/content\/(\d+)$/, (exchange, match) => {
      if (exchange.user === null) return failure(exchange, 403, 'Not permitted');
      return pages.delete(match[1] ?? '') ? noContent(exchange) : notFound(exchange, 'No content');
    }),
  ];
}

function otherRoutes(state: StandInState): Route[] {
  return [
    on(
      'POST',
      /^\/rpc\/json-rpc\/confluenceservice-v2(\/.*)?$/,
      (exchange) =>
        loginRequired(exchange) ||
        json(exchange, 200, { jsonrpc: '2.0', id: 1, result: nameOf(exchange.user) }),
    ),
    on(
      'GET',
      /^\/rest\/api\/settings\/systemInfo$/,
      (exchange) =>
        adminRequired(exchange) || json(exchange, 200, { baseUrl: exchange.baseUrl, version: state.version }),
    ),
    on('GET', /^\/rest\/api\/accessmode$/, (exchange) => text(exchange, 200, '"READ_WRITE"')),
  ];
}

/** Confluence's resources. */
export function confluenceRoutes(state: StandInState): Route[] {
  return [...directoryRoutes(state), ...contentRoutes(), ...otherRoutes(state)];
}
