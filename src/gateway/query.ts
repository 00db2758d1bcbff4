import { API_TOKEN_PREFIX } from '../modules/tokens/tokens.port.js';

/** Names that decide who the user is, in Atlassian's servlet filters; the caller must never set them. */
const ALWAYS = new Set(['xoauth_requestor_id', 'jwt', '_method']);
const PREFIXES = ['oauth_', 'os_'];
/** Read by the products only when `xoauth_requestor_id` is there too. */
const BESIDE_REQUESTOR = 'user_id';
const REQUESTOR = 'xoauth_requestor_id';

/** The decoded name of a parameter as a servlet container reads it. Lenient: what does not decode stays as it is. */
export function decodeFormText(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch (error) {
    if (error instanceof URIError) return decodeLatin1(spaced);
    throw error;
  }
}

/** Byte by byte, so that a name hidden behind invalid UTF-8 is still seen. */
function decodeLatin1(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_match, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

function nameOf(pair: string): string {
  const equals = pair.indexOf('=');
  return decodeFormText(equals < 0 ? pair : pair.slice(0, equals)).toLowerCase();
}

function isIdentityName(name: string): boolean {
  return ALWAYS.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** False without a look at names when no identity parameter can be in the text: the usual case, kept cheap. */
function mayHoldIdentity(text: string): boolean {
  return /oauth|os_|jwt|_method|%/i.test(text);
}

/**
 * `text` (a query without `?`, or an urlencoded body) without the parameters that would choose the user or the
 * method, in any spelling, encoded or repeated. Everything else stays byte for byte and in its order.
 */
export function withoutIdentityParameters(text: string): string {
  if (text === '' || !mayHoldIdentity(text)) return text;
  const pairs = text.split('&');
  const names = pairs.map(nameOf);
  const dropUserId = names.includes(REQUESTOR);
  const kept = pairs.filter((_pair, i) => {
    const name = names[i] as string;
    return !isIdentityName(name) && !(dropUserId && name === BESIDE_REQUESTOR);
  });
  return kept.length === pairs.length ? text : kept.join('&');
}

/** Restgate's own tokens begin with `rgt_`, whatever of it is escaped. */
const OWN_TOKEN = /(?:r|%72)(?:g|%67)(?:t|%74)(?:_|%5f)/i;

/** `text` without the parameters whose value is one of our own tokens: they are never sent upstream. */
export function withoutOwnTokens(text: string): string {
  if (!OWN_TOKEN.test(text)) return text;
  const pairs = text.split('&');
  const kept = pairs.filter(
    (pair) => !decodeFormText(pair.slice(pair.indexOf('=') + 1)).startsWith(API_TOKEN_PREFIX),
  );
  return kept.length === pairs.length ? text : kept.join('&');
}

/** `withoutIdentityParameters` for a query with its leading `?`. */
export function queryWithoutIdentity(query: string): string {
  return cleanQuery(query, withoutIdentityParameters);
}

/** A query with its leading `?`, or an empty one, after `clean` went over its parameters; empty when nothing is left. */
export function cleanQuery(query: string, clean: (text: string) => string): string {
  if (query.length < 2) return query;
  const kept = clean(query.slice(1));
  if (kept.length === query.length - 1) return query;
  return kept === '' ? '' : `?${kept}`;
}
