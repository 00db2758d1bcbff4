import { ownText } from '../../lib/own-text.js';
import { isPlain } from './plain-text.policy.js';

/** What a secret is replaced by. */
export const REDACTED = '[redacted]';

/** Parameter and field names, in lower case without separators, whose value is a secret. */
const SECRET_NAMES = new Set(
  `accesstoken refreshtoken idtoken token apitoken xapitoken authtoken csrftoken atltoken xsrftoken tokensecret
   password passwd passphrase pass pwd ospassword newpassword oldpassword currentpassword userpassword
   secret clientsecret sharedsecret consumersecret webhooksecret apikey apisecret accesskey secretkey
   privatekey encryptionkey signingkey authorization auth proxyauthorization cookie setcookie
   code codeverifier assertion clientassertion subjecttoken actortoken samlresponse samlrequest
   signature sig hmac jwt credential credentials session sessionid sid jsessionid ticket otp pin
   oauthtoken oauthsignature oauthverifier oauthtokensecret oauthnonce personalaccesstoken pat
   tokenhash hash sealed`
    .split(/\s+/)
    .filter((name) => name.length > 0),
);

/** Whatever stands before it: `gitlab_token`, `X-Auth-Token`, `dbPassword`. */
const SECRET_ENDING = /(?:token|password|passwd|passphrase|secret|apikey|accesskey|secretkey|privatekey)$/;

const SECRET_SHAPES: readonly RegExp[] = [
  /rgt_[0-9A-Za-z]*/g,
  /eyJ[\w-]{6,}(?:\.[\w-]*){0,4}/g,
  /BBDC-[\w+/=-]+/g,
  /(?:gh[opsur]_|github_pat_|glpat-|xox[a-z]-)[\w-]{6,}/g,
  /-----BEGIN [A-Z ]+-----[^]*/g,
  /\b(?:Bearer|Basic)\s+[\w.~+/=-]{6,}/gi,
];

/** 44 base64 characters: a personal access token of Jira or Confluence. */
const LONG_WORD = /(?<![\w+/=-])[\w+/=-]{40,}(?![\w+/=-])/g;

/**
 * Control characters, invisible and bidirectional marks, and halves of surrogate pairs: they could forge lines,
 * reorder what a reader sees (CVE-2021-42574), or make a text that PostgreSQL refuses.
 */
const UNPRINTABLE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Cs}|[\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u{e0000}-\u{e0fff}]/gu;

/**
 * A text as the audit log may hold it: secrets by their shape replaced, control and bidirectional characters
 * written as `\u{…}`, cut to `limit` characters.
 */
export function cleanText(text: string, limit: number): string {
  const cut = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  return isPlain(cut) ? cut : escapeUnprintable(redactShapes(cut));
}

/** A text with everything that looks like a credential replaced. */
export function redactShapes(text: string): string {
  let result = text;
  for (const shape of SECRET_SHAPES) result = result.replace(shape, REDACTED);
  return result.replace(LONG_WORD, (word) => (looksRandom(word) ? REDACTED : word));
}

export function escapeUnprintable(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}}`,
  );
}

/** True for the name of a parameter or field that holds a secret, however it is spelt, nested or encoded. */
export function isSecretName(name: string): boolean {
  const plain = decodeUntilStable(name).toLowerCase();
  const whole = plain.replace(/[^a-z0-9]/g, '');
  if (SECRET_NAMES.has(whole) || SECRET_ENDING.test(whole)) return true;
  const parts = plain.split(/[^a-z0-9_-]+/).map((part) => part.replace(/[_-]/g, ''));
  return parts.some((part) => SECRET_NAMES.has(part) || SECRET_ENDING.test(part));
}

/**
 * A query string without secrets: values of secret names and values shaped like credentials are replaced, also
 * when they are percent-encoded. The leading `?` is dropped; the order stays.
 */
export function redactQuery(query: string, limit: number): string {
  const text = query.startsWith('?') ? query.slice(1) : query;
  if (text.length === 0) return '';
  // Some servers take a semicolon for an ampersand.
  const parts = text.slice(0, limit).split(/([&;])/);
  return cleanText(parts.map(redactParameter).join(''), limit);
}

function redactParameter(parameter: string): string {
  const equals = parameter.indexOf('=');
  if (equals < 0) return holdsSecret(parameter) ? REDACTED : parameter;
  const name = parameter.slice(0, equals);
  const value = parameter.slice(equals + 1);
  if (isHarmlessName(name)) return holdsSecret(value) ? `${name}=${REDACTED}` : parameter;
  if (holdsSecret(name)) return REDACTED;
  return value.length === 0 ? parameter : `${name}=${REDACTED}`;
}

const MOST_NAMES = 1000;
const LONGEST_NAME = 50;
/** Requests use few names of parameters, and looking at one takes a microsecond. */
const harmlessNames = new Set<string>();

function isHarmlessName(name: string): boolean {
  if (harmlessNames.has(name)) return true;
  if (isSecretName(name) || holdsSecret(name)) return false;
  if (harmlessNames.size >= MOST_NAMES) harmlessNames.clear();
  if (name.length <= LONGEST_NAME) harmlessNames.add(ownText(name));
  return true;
}

function holdsSecret(value: string): boolean {
  const plain = decodeUntilStable(value);
  return !isPlain(plain) && redactShapes(plain) !== plain;
}

/** Long, and mixed as only generated text is: digits, upper and lower case together. */
function looksRandom(word: string): boolean {
  return /\d/.test(word) && /[a-z]/.test(word) && /[A-Z]/.test(word);
}

/** Undoes percent-encoding, three times at most: names and values hide behind double encoding. */
function decodeUntilStable(text: string): string {
  if (!/[%+]/.test(text)) return text;
  let current = text.replaceAll('+', ' ');
  for (let round = 0; round < 3 && current.includes('%'); round++) {
    const next = current.replace(/%([0-9a-f]{2})/gi, (_match, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    if (next === current) return current;
    current = next;
  }
  return current;
}

const DEEPEST = 12;
/** What features write where a secret became another. */
const CHANGED = 'changed';

/** An address is what a reader must see of a changed provider: `endpoints.token` is where tokens are fetched, none. */
const ADDRESS = /^https?:\/\/[^\s@?#]+$/i;

/** Kinds of credentials: the rate limit says under the name `credentials` which of them it covers. */
const KINDS = new Set(['api-token', 'oauth', 'pat', 'basic', 'oauth1', 'session', 'none']);

function isSecretText(item: unknown): boolean {
  if (Array.isArray(item)) return item.some(isSecretText);
  return (
    typeof item === 'string' && item !== '' && item !== CHANGED && !KINDS.has(item) && !ADDRESS.test(item)
  );
}

/**
 * A before or after value of an admin change without secrets: string values of secret names are replaced as a
 * second line of defence (features already leave them out), and every text is cleaned.
 */
export function redactValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return cleanText(value, 4000);
  if (value === null || typeof value !== 'object') return value;
  if (depth >= DEEPEST) return REDACTED;
  if (value instanceof Date) return value;
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  const result: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    const secret = isSecretText(item) && isSecretName(name);
    result[cleanText(name, 200)] = secret ? REDACTED : redactValue(item, depth + 1);
  }
  return result;
}
