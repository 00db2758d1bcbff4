import { isUtf8 } from 'node:buffer';
import type { Credential, Denial } from '../decisions/exchange.port.js';
import { deny } from '../decisions/pipeline.port.js';
import { otherSpellings } from '../../lib/rest-version.js';
import { API_TOKEN_PREFIX } from '../tokens/tokens.port.js';

/** Where a credential may stand in a request. */
export interface CredentialFields {
  readonly authorization: string | undefined;
  /** `X-Api-Token`. */
  readonly apiToken: string | undefined;
  readonly cookie: string | undefined;
  /** `os_username` and `os_password` of query or form, decoded. */
  readonly parameters: { readonly username: string; readonly password: string } | undefined;
  /** A login resource: the name and password are in the body. */
  readonly login: boolean;
}

const NONE: Credential = { kind: 'none', form: 'none', secret: '' };
const SESSION: Credential = { kind: 'session', form: 'cookie', secret: '' };
const LOGIN: Credential = { kind: 'basic', form: 'login', secret: '' };

/** Longer than any token of a provider that Restgate reads (16 KiB of header are the limit anyway). */
const LONGEST_BASIC = 4096;
const SESSION_COOKIES =
  /(?:^|;\s*)(?:JSESSIONID|BITBUCKETSESSIONID|seraph\.[a-z.]+|seraph\.confluence|crowd\.token_key|studio\.crowd\.tokenkey|_atl_bitbucket_remember_me)\s*=/;
/** RFC 6750 section 2.1. */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;
/** RFC 7617 with strict RFC 4648 base64. */
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;
const OAUTH1 = /^oauth +\S/i;

const CONTROL = /[\u0000-\u001f\u007f]/;

const UNSUPPORTED = deny('unsupported_credential', { bearerError: 'invalid_request' });
const NOTHING_SENT = deny('unsupported_credential', {
  detail: 'a scheme without a credential',
  hint: 'Nothing stands after Bearer or Basic: is the variable that should hold the token empty?',
  bearerError: 'invalid_request',
});
const NO_SCHEME = deny('token_malformed', {
  detail: 'an API token that is not in one of its three forms',
  hint: 'Send it as Authorization: Bearer <token>, as the password of Basic, or in X-Api-Token.',
  bearerError: 'invalid_token',
});
const TOKEN_AS_USER = deny('token_malformed', {
  detail: 'an API token as user name',
  hint: 'Send it as the password, with the user name before it: curl -u <user>:<token>.',
});

/**
 * Step 6: which credential a request carries. More than one is refused, except a cookie beside a credential:
 * the credential decides then. Never guesses: what is not well-formed is refused.
 */
export function recogniseCredential(fields: CredentialFields): Credential | Denial {
  const { authorization, apiToken, parameters } = fields;
  const presented =
    Number(authorization !== undefined) + Number(apiToken !== undefined) + Number(parameters !== undefined);
  if (presented > 1) return deny('ambiguous_credentials', { bearerError: 'invalid_request' });
  if (authorization !== undefined) return fromAuthorization(authorization);
  if (apiToken !== undefined) return fromApiToken(apiToken.trim());
  if (parameters) return fromUserAndPassword(parameters.username, parameters.password, 'parameters');
  if (fields.login) return LOGIN;
  return fields.cookie !== undefined && SESSION_COOKIES.test(fields.cookie) ? SESSION : NONE;
}

function fromAuthorization(value: string): Credential | Denial {
  const bearer = BEARER.exec(value);
  if (bearer) return fromBearer(bearer[1] as string);
  const basic = BASIC.exec(value);
  if (basic) return fromBasic(basic[1] as string);
  if (OAUTH1.test(value)) return { kind: 'oauth1', form: 'oauth', secret: value };
  if (/^(?:bearer|basic)\s*$/i.test(value)) return NOTHING_SENT;
  return value.includes(API_TOKEN_PREFIX) ? NO_SCHEME : UNSUPPORTED;
}

function fromBearer(token: string): Credential {
  const kind = token.startsWith(API_TOKEN_PREFIX)
    ? 'api-token'
    : isPersonalAccessToken(token)
      ? 'pat'
      : 'oauth';
  return { kind, form: 'bearer', secret: token };
}

function fromApiToken(token: string): Credential | Denial {
  if (token.startsWith(API_TOKEN_PREFIX)) return { kind: 'api-token', form: 'x-api-token', secret: token };
  return UNSUPPORTED;
}

function fromBasic(encoded: string): Credential | Denial {
  if (encoded.length > LONGEST_BASIC) return UNSUPPORTED;
  const bytes = Buffer.from(encoded, 'base64');
  const canonical = bytes.toString('base64');
  if (canonical !== encoded && canonical.replace(/=+$/, '') !== encoded) return UNSUPPORTED;
  if (!isUtf8(bytes)) return UNSUPPORTED;
  const text = bytes.toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? UNSUPPORTED : fromUserAndPassword(text.slice(0, colon), text.slice(colon + 1), 'basic');
}

function fromUserAndPassword(
  username: string,
  password: string,
  form: 'basic' | 'parameters',
): Credential | Denial {
  if (username === '' || CONTROL.test(username) || CONTROL.test(password)) return UNSUPPORTED;
  if (isOwnToken(username)) return TOKEN_AS_USER;
  const kind = isOwnToken(password) ? 'api-token' : 'basic';
  return { kind, form, username, secret: password };
}

/** Pasted with a space before it, it is still ours: refused by its checksum, and never sent upstream. */
function isOwnToken(value: string): boolean {
  return value.trimStart().startsWith(API_TOKEN_PREFIX);
}

const PAT_LENGTH = 44;
const PAT_BYTES = 33;
const PAT_COLON_AT = 12;
const COLON = 0x3a;

/**
 * True for the shape of the products' own personal access tokens: 44 characters of base64 whose 33 bytes hold
 * a colon at index 12, and Bitbucket's `BBDC-` form.
 */
export function isPersonalAccessToken(token: string): boolean {
  if (token.startsWith('BBDC-')) return true;
  if (token.length !== PAT_LENGTH || !/^[A-Za-z0-9+/]{44}$/.test(token)) return false;
  const bytes = Buffer.from(token, 'base64');
  return bytes.length === PAT_BYTES && bytes[PAT_COLON_AT] === COLON;
}

/** Resources that take a user name and password in their body, however the application lets them be written. */
export function isLoginResource(method: string, policyPath: string): boolean {
  if (method !== 'POST' || !/^\/(?:rest\/auth|rpc)\//.test(policyPath)) return false;
  return takesLogin(policyPath) || otherSpellings(policyPath).some(takesLogin);
}

function takesLogin(path: string): boolean {
  return path.startsWith('/rpc/')
    ? path.endsWith('/login') || /^\/rpc\/(?:soap|xmlrpc)(?:[-/]|$)/.test(path)
    : /^\/rest\/auth\/[^/]+\/session$/.test(path);
}

/**
 * `os_username` and `os_password` of a query (without `?`) or an urlencoded body, decoded as a servlet container
 * does: the first value of each counts. `undefined` when neither is there.
 */
export function loginParameters(text: string): { username: string; password: string } | undefined {
  if (!/os_|%/i.test(text)) return undefined;
  const parameters = new URLSearchParams(text);
  const username = parameters.get('os_username');
  const password = parameters.get('os_password');
  return username === null && password === null
    ? undefined
    : { username: username ?? '', password: password ?? '' };
}
