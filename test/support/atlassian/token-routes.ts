import { failure, json, jsonBody, jsonText, loginRequired, noContent } from './answers.js';
import { on, type Route } from './answers.js';
import { bitbucketSlug } from './slug.js';
import type { StandInState } from './state.js';
import type { StandInToken } from './tokens.js';
import type { Exchange } from './types.js';

/** Jira and Confluence write times with an offset that has no colon. */
function time(date: Date | null): string | null {
  return date === null ? null : date.toISOString().replace('Z', '+0000');
}

function days(exchange: Exchange, field: string): number | null {
  const value = jsonBody(exchange)[field];
  return typeof value === 'number' ? value : null;
}

function personalAccessTokens(state: StandInState): Route[] {
  const tokens = /^\/rest\/pat\/(1\.0|latest)\/tokens$/;
  const view = (each: StandInToken) => ({
    id: Number(each.id),
    name: each.name,
    createdAt: time(each.createdAt),
    expiringAt: time(each.expiresAt),
    lastAccessedAt: null,
  });
  return [
    on('POST', tokens, (exchange) => {
      if (exchange.user === null) return loginRequired(exchange);
      const life = days(exchange, 'expirationDuration');
      const issued = state.tokens.issue(exchange.user, jsonText(exchange, 'name'), life);
      return json(exchange, 201, { ...view(issued), rawToken: issued.token });
    }),
    on(
      'GET',
      tokens,
      (exchange) =>
        loginRequired(exchange) ||
        json(exchange, 200, state.tokens.ofUser(exchange.user?.name ?? '').map(view)),
    ),
    on('DELETE', /^\/rest\/pat\/(?:1\.0|latest)\/tokens\/(\d+)$/, (exchange, match) => {
      if (loginRequired(exchange)) return true;
      const own = state.tokens.ofUser(exchange.user?.name ?? '').some(({ id }) => id === match[1]);
      return own && state.tokens.revoke(match[1] ?? '')
        ? noContent(exchange)
        : failure(exchange, 404, 'No such token');
    }),
  ];
}

/** A token may neither list nor make nor take back tokens; of others only administrators may. */
function forbidden(exchange: Exchange, slug: string): boolean {
  if (exchange.user === null) return loginRequired(exchange);
  const own = bitbucketSlug(exchange.user.name) === slug;
  if (own && exchange.record.authenticatedBy !== 'pat') return false;
  return failure(exchange, 401, 'You are not permitted to access this resource');
}

function accessTokens(state: StandInState): Route[] {
  const ofUser = /^\/rest\/access-tokens\/(?:1\.0|latest)\/users\/([^/]+)$/;
  const view = (each: StandInToken) => ({
    id: each.id,
    name: each.name,
    createdDate: each.createdAt.getTime(),
    ...(each.expiresAt && { expiryDate: each.expiresAt.getTime() }),
  });
  return [
    on('PUT', ofUser, (exchange, match) => {
      if (forbidden(exchange, match[1] ?? '') || exchange.user === null) return true;
      const life = days(exchange, 'expiryDays');
      const issued = state.tokens.issue(exchange.user, jsonText(exchange, 'name'), life);
      return json(exchange, 200, { ...view(issued), token: issued.token });
    }),
    on('GET', ofUser, (exchange, match) => {
      if (forbidden(exchange, match[1] ?? '')) return true;
      const values = state.tokens.ofUser(exchange.user?.name ?? '').map(view);
      return json(exchange, 200, { size: values.length, limit: 25, isLastPage: true, start: 0, values });
    }),
    on('DELETE', /^\/rest\/access-tokens\/(?:1\.0|latest)\/users\/([^/]+)\/([^/]+)$/, (exchange, match) => {
      if (forbidden(exchange, match[1] ?? '')) return true;
      return state.tokens.revoke(match[2] ?? '')
        ? noContent(exchange)
        : failure(exchange, 404, 'No such token');
    }),
  ];
}

/** Where the products make, list and take back personal access tokens. */
export function tokenRoutes(state: StandInState): Route[] {
  return state.product === 'bitbucket' ? accessTokens(state) : personalAccessTokens(state);
}
