import { isUtf8 } from 'node:buffer';
import type { Credential, Denial } from '../decisions/exchange.port.js';
import { deny } from '../decisions/pipeline.port.js';
import { API_TOKEN_PREFIX } from '../tokens/tokens.port.js';

/** What the body of a login holds, as far as Restgate has to know. */
export type Login =
  | { readonly form: 'password'; readonly username?: string; readonly password?: string }
  | { readonly form: 'own-token' }
  | { readonly form: 'malformed'; readonly detail: string };

const TOKEN_IN_LOGIN = deny('endpoint_protected', {
  detail: 'an API token in the body of a login',
  hint: 'An API token starts no session: send it with each call, as Authorization: Bearer or as the password of Basic.',
});

/** A token of ours that begins a value; in JSON and XML nothing of it needs an escape, but all of it may have one. */
const OWN_TOKEN = new RegExp(`(?<![0-9A-Za-z_])${API_TOKEN_PREFIX}[0-9A-Za-z]{8}`);
const JSON_ESCAPE = /\\u([0-9a-fA-F]{4})/g;
const XML_ESCAPE = /&#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}));/g;

/** True for login resources whose body is JSON; the others take XML. */
export function takesJson(policyPath: string): boolean {
  return !/^\/rpc\/(?:soap|xmlrpc)(?:[-/]|$)/.test(policyPath);
}

/**
 * The credential of a login, whose body names who logs in. `beside` is what else the request carries: a credential that
 * would be forwarded too makes it two. A token of ours is refused whatever stands beside it: bodies go on unchanged.
 */
export function credentialOfLogin(body: Buffer, isJson: boolean, beside: Credential): Credential | Denial {
  const login = loginOf(body, isJson);
  if (login.form === 'own-token') return TOKEN_IN_LOGIN;
  // Where Restgate vouches for the user, a login is refused as an endpoint that makes sessions.
  if (beside.kind === 'api-token' || beside.kind === 'oauth') return beside;
  if (beside.form !== 'login')
    return deny('ambiguous_credentials', { detail: 'a login beside a credential' });
  if (login.form === 'malformed') return deny('malformed_request', { detail: login.detail });
  const { username, password } = login;
  return username === undefined || password === undefined
    ? beside
    : { ...beside, username, secret: password };
}

/**
 * Reads the body of a login resource. `isJson`: the body must be JSON (an object with `username` and `password`, or
 * the list of both of JSON-RPC); other bodies (XML-RPC) are only searched for tokens of ours. UTF-8 only: what Restgate
 * reads must be what the application reads.
 */
export function loginOf(body: Buffer, isJson: boolean): Login {
  if (!isUtf8(body) || body.includes(0)) return malformed('The body of a login is not UTF-8 text.');
  const text = body.toString('utf8');
  if (OWN_TOKEN.test(text) || OWN_TOKEN.test(unescaped(text))) return { form: 'own-token' };
  if (!isJson) return { form: 'password' };
  const value = parsed(text);
  if (typeof value !== 'object' || value === null) return malformed('The body of a login is not JSON.');
  const [username, password] = Array.isArray(value)
    ? (value as unknown[])
    : [(value as Record<string, unknown>)['username'], (value as Record<string, unknown>)['password']];
  if (typeof username !== 'string' || typeof password !== 'string') return { form: 'password' };
  return { form: 'password', username, password };
}

function unescaped(text: string): string {
  return text
    .replace(JSON_ESCAPE, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    .replace(XML_ESCAPE, (all, hex: string | undefined, decimal: string | undefined) => {
      const code = hex === undefined ? Number(decimal) : parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : all;
    });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function malformed(detail: string): Login {
  return { form: 'malformed', detail };
}
