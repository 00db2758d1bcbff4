import { API_TOKEN_PREFIX } from '../modules/tokens/tokens.port.js';
import type { Application } from '../modules/applications/applications.port.js';
import type { Exchange } from '../modules/decisions/exchange.port.js';
import { cleanQuery, withoutIdentityParameters, withoutOwnTokens } from './query.js';
import type { HeaderMode } from './request-headers.js';
import type { LoginFields } from './response-headers.js';

/** How an allowed exchange goes upstream. */
export interface Way {
  readonly mode: HeaderMode;
  /** Identity parameters are taken out of query and form. */
  readonly stripped: boolean;
  /** The caller's Authorization holds one of our own tokens: it is never sent upstream. */
  readonly dropAuthorization: boolean;
  /** Which login fields of the answer the client gets. */
  readonly loginFields: LoginFields;
}

const IDENTITY: Way = { mode: 'identity', stripped: true, dropAuthorization: true, loginFields: 'none' };
const OWN: Way = {
  mode: 'own-credential',
  stripped: true,
  dropAuthorization: false,
  loginFields: 'challenge',
};
/** Who logs in wants the session that the answer starts. */
const LOGIN: Way = { mode: 'own-credential', stripped: false, dropAuthorization: false, loginFields: 'all' };
/** Git and other clients log in only when the application's 401 asks for it (RFC 9110 section 11.6.1). */
const ANONYMOUS: Way = {
  mode: 'anonymous',
  stripped: true,
  dropAuthorization: true,
  loginFields: 'challenge',
};
const AS_IS: Way = { mode: 'as-is', stripped: false, dropAuthorization: false, loginFields: 'all' };
const AS_IS_WITHOUT_TOKEN: Way = { ...AS_IS, dropAuthorization: true };

/** The way that follows from the decision and the credential. Throws for an exchange that may not be forwarded. */
export function wayOf(exchange: Exchange): Way {
  const { decision, credential } = exchange;
  if (decision?.verdict !== 'forward') throw new Error('An exchange that is not allowed would be forwarded.');
  switch (decision.kind) {
    case 'forwarded':
      if (credential.kind === 'api-token' || credential.kind === 'oauth') return IDENTITY;
      if (credential.kind === 'pat' || credential.kind === 'basic')
        return credential.form === 'login' ? LOGIN : OWN;
      throw new Error(`A credential of kind ${credential.kind} would be forwarded as verified.`);
    case 'anonymous':
      return ANONYMOUS;
    case 'bypassed':
    case 'passed-through':
    case 'session':
      return holdsOwnToken(exchange.head.authorization) ? AS_IS_WITHOUT_TOKEN : AS_IS;
  }
}

/** True when an Authorization field holds an API token of Restgate, as Bearer or in Basic form. */
export function holdsOwnToken(authorization: string | undefined): boolean {
  if (authorization === undefined) return false;
  if (authorization.includes(API_TOKEN_PREFIX)) return true;
  const basic = /^basic\s+(\S+)/i.exec(authorization);
  return basic !== null && Buffer.from(basic[1] as string, 'base64').includes(API_TOKEN_PREFIX);
}

/** The path below the application's own context path, and the query without what would choose the user. */
export function outgoingTarget(
  exchange: Exchange,
  application: Application,
  way: Way,
): { path: string; query: string } {
  const { query } = exchange.head;
  return {
    path: application.contextPath + exchange.policyPath,
    query: cleanQuery(query, (text) => outgoingParameters(text, way)),
  };
}

/** What of the parameters (of query or form) goes upstream: never one of our own tokens. */
export function outgoingParameters(text: string, way: Way): string {
  return withoutOwnTokens(way.stripped ? withoutIdentityParameters(text) : text);
}

/** The Authorization to send for `os_username` and `os_password`; undefined: as it came. */
export function ownAuthorization(exchange: Exchange, way: Way): string | undefined {
  const { credential } = exchange;
  if (way.mode !== 'own-credential' || credential.form !== 'parameters') return undefined;
  return `Basic ${Buffer.from(`${credential.username ?? ''}:${credential.secret}`).toString('base64')}`;
}
