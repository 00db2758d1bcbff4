import type { IdentitySettings } from '../applications/applications.port.js';

export type Parameter = readonly [name: string, value: string];

export interface SigningInput {
  readonly method: string;
  /** Scheme, host and port of the server as it sees itself, and any path, which is ignored. */
  readonly baseUrl: string;
  /** The path exactly as on the wire. */
  readonly path: string;
  /** Without the leading `?`, exactly as on the wire. */
  readonly query: string;
  readonly form: string | undefined;
  readonly oauthParameters: readonly Parameter[];
}

export type Oauth1Settings = Extract<IdentitySettings, { mode: 'oauth1' }>;

export const REQUESTOR = 'xoauth_requestor_id';

/** Percent-encodes as RFC 5849 section 3.6 wants it: everything but letters, digits, `-`, `.`, `_`, `~`. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The signature base string of RFC 5849 section 3.4.1. */
export function signatureBaseString(input: SigningInput): string {
  const parameters = [
    ...input.oauthParameters,
    ...parametersOf(input.query),
    ...parametersOf(input.form ?? ''),
  ];
  const url = `${authorityOf(input.baseUrl)}${input.path}`;
  return `${input.method.toUpperCase()}&${percentEncode(url)}&${percentEncode(normalised(parameters))}`;
}

/** Names and values of a query or an urlencoded body, decoded as a servlet container decodes them. */
export function parametersOf(text: string): Parameter[] {
  const parameters: Parameter[] = [];
  if (text === '') return parameters;
  for (const pair of text.split('&')) {
    const equals = pair.indexOf('=');
    const name = decoded(equals === -1 ? pair : pair.slice(0, equals));
    if (name !== '') parameters.push([name, equals === -1 ? '' : decoded(pair.slice(equals + 1))]);
  }
  return parameters;
}

/** The `Authorization` field for signed parameters. */
export function authorizationField(parameters: readonly Parameter[]): string {
  return `OAuth ${parameters.map(([name, value]) => `${name}="${percentEncode(value)}"`).join(', ')}`;
}

/**
 * True when a caller's parameter would take part in the identity: it must have been removed before signing,
 * because the product takes the first value of a name.
 */
export function isIdentityParameter(name: string): boolean {
  return name === REQUESTOR || name.startsWith('oauth_');
}

/** RFC 5849 section 3.4.1.3.2: sorted by encoded name, then by encoded value, as bytes. */
function normalised(parameters: readonly Parameter[]): string {
  return parameters
    .map(([name, value]) => [percentEncode(name), percentEncode(value)] as const)
    .sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Scheme and host in lower case, without a default port (RFC 5849 section 3.4.1.2). */
function authorityOf(baseUrl: string): string {
  const schemeEnd = baseUrl.indexOf('://') + 3;
  const slash = baseUrl.indexOf('/', schemeEnd);
  const origin = (slash === -1 ? baseUrl : baseUrl.slice(0, slash)).toLowerCase();
  if (origin.startsWith('https:') && origin.endsWith(':443')) return origin.slice(0, -4);
  if (origin.startsWith('http:') && origin.endsWith(':80')) return origin.slice(0, -3);
  return origin;
}

function decoded(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  const bytes = Buffer.from(text.replaceAll('+', ' '), 'utf8');
  if (!text.includes('%')) return bytes.toString('utf8');
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    const escape = byte === 0x25 ? bytes.toString('latin1', i + 1, i + 3) : '';
    if (/^[0-9a-f]{2}$/i.test(escape)) {
      out[length++] = parseInt(escape, 16);
      i += 2;
    } else {
      out[length++] = byte;
    }
  }
  return out.toString('utf8', 0, length);
}
