import { randomBytes } from 'node:crypto';
import type { StandInState } from './state.js';
import type { Exchange } from './types.js';

/**
 * Fields that every answer carries. A request without a session cookie is given one: of an anonymous
 * session, or naming nothing when credentials came, for sessions of tokens and signatures end with the request.
 */
export function addCommonHeaders(exchange: Exchange, state: StandInState, count: number): void {
  const { response, product } = exchange;
  response.setHeader('X-AREQUESTID', product === 'bitbucket' ? `@STANDIN${count}x1x0` : `1422x${count}x1`);
  response.setHeader('X-ANODEID', 'node1');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Cache-Control', product === 'jira' ? 'no-cache, no-store, no-transform' : 'no-store');
  response.setHeader('Vary', 'User-Agent');
  const { sessions, authentication } = state;
  if (exchange.record.header('cookie').some((each) => each.includes(sessions.cookieName))) return;
  const id = sessions.newId();
  const anonymous = exchange.record.header('authorization').length === 0;
  if (anonymous) sessions.open(id, null);
  const cookies = [authentication.sessionCookie(exchange, id)];
  if (product === 'jira') cookies.push(`atlassian.xsrf.token=${randomBytes(8).toString('hex')}; Path=/`);
  response.setHeader('Set-Cookie', cookies);
  response.setHeader('X-ASESSIONID', id.slice(0, 6).toLowerCase());
}
