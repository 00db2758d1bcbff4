import { claimsOf } from './claims.policy.js';
import type { Claims } from './claims.policy.js';

/** Longer tokens are refused before anything looks into them. */
export const LONGEST_TOKEN = 16 * 1024;
/** RFC 6750 section 2.1 b64token: a value with any other character is no token. */
const TOKEN_SHAPE = /^[A-Za-z0-9\-._~+/]+=*$/;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

export interface Jwt {
  readonly header: Claims;
  readonly claims: Claims;
  readonly compact: string;
}

export type TokenForm =
  | { readonly form: 'jwt'; readonly jwt: Jwt }
  | { readonly form: 'jwe' }
  | { readonly form: 'opaque' }
  | { readonly form: 'malformed'; readonly detail: string };

/**
 * What kind of token this is; nothing is verified. Size is checked first. A JWS whose parts are not the one
 * canonical base64url spelling is malformed, so that one token has one cache key. An encrypted token is never
 * decrypted.
 */
export function formOf(token: string): TokenForm {
  if (token.length > LONGEST_TOKEN) return malformed('The token is longer than 16 KiB.');
  if (!TOKEN_SHAPE.test(token)) return malformed('The token holds characters that no bearer token has.');
  const parts = token.split('.');
  if (parts.length !== 3 && parts.length !== 5) return { form: 'opaque' };
  const header = looseJson(parts[0] ?? '');
  if (!header) return { form: 'opaque' };
  if (parts.length === 5) return 'enc' in header ? { form: 'jwe' } : { form: 'opaque' };
  if (!('alg' in header) && !('typ' in header)) return { form: 'opaque' };
  return jwsOf(token, parts);
}

function jwsOf(token: string, parts: readonly string[]): TokenForm {
  const [head = '', body = '', signature = ''] = parts;
  if (!isCanonical(head) || !isCanonical(body) || !isCanonical(signature)) {
    return malformed('A part of the JWT is empty or not canonical base64url.');
  }
  const header = looseJson(head);
  const claims = looseJson(body);
  if (!header || !claims) return malformed('The JWT does not hold JSON objects.');
  return { form: 'jwt', jwt: { header, claims, compact: token } };
}

function isCanonical(part: string): boolean {
  return BASE64URL.test(part) && Buffer.from(part, 'base64url').toString('base64url') === part;
}

function looseJson(part: string): Claims | undefined {
  const text = Buffer.from(part, 'base64url').toString('utf8');
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return claimsOf(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function malformed(detail: string): TokenForm {
  return { form: 'malformed', detail };
}
