import { KnownNames } from './known-names.js';

/** RFC 9110 section 7.6.1. */
const HOP_BY_HOP = new Set([
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'te',
  'transfer-encoding',
  'upgrade',
]);
/**
 * Which login fields the client gets: for an injected identity none, so that no session starts and no login is
 * asked for; for the caller's own credential the application's challenge (RFC 9110 section 11.6.1); or all.
 */
export type LoginFields = 'none' | 'challenge' | 'all';

const CHALLENGE = 'www-authenticate';
const LOGIN_FIELDS = new Set([
  'set-cookie',
  'x-asessionid',
  'x-seraph-loginreason',
  'x-authentication-denied-reason',
  'x-seraph-trusted-app-status',
  'x-seraph-trusted-app-error',
]);
const RATE_FIELDS = new Set([
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-interval-seconds',
  'x-ratelimit-fillrate',
  'ratelimit',
  'ratelimit-policy',
]);

export interface ResponseRules {
  readonly login: LoginFields;
  /** Drop the application's own rate headers: Restgate sends its own. */
  readonly dropRate: boolean;
  /** Rewrites `Location` and `Content-Location`. */
  rewriteLocation(value: string): string;
}

export interface UpstreamAnswerHead {
  /** Alternating names and values to send to the client. */
  readonly headers: string[];
  /** The user that the application answered as; undefined when it did not say. */
  readonly userName: string | undefined;
  /** Where the body is not passed on as it came: what is sent instead, made from the whole body. May throw. */
  readonly rewrite?: (body: Buffer) => RewrittenAnswer;
}

export interface RewrittenAnswer {
  readonly headers: string[];
  readonly body: Buffer;
}

/** What a field of an answer is, by its name. */
const enum Field {
  Ordinary,
  HopByHop,
  Connection,
  UserName,
  Login,
  Challenge,
  Rate,
  Location,
}

interface KnownName {
  readonly name: string;
  readonly field: Field;
}

const knownNames = new KnownNames<KnownName>((name) => ({ name, field: judgeName(name.toLowerCase()) }));

function judgeName(lower: string): Field {
  if (lower === 'connection') return Field.Connection;
  if (HOP_BY_HOP.has(lower) || lower === 'x-request-id') return Field.HopByHop;
  if (lower === 'x-ausername') return Field.UserName;
  if (lower === CHALLENGE) return Field.Challenge;
  if (LOGIN_FIELDS.has(lower)) return Field.Login;
  if (RATE_FIELDS.has(lower)) return Field.Rate;
  return lower === 'location' || lower === 'content-location' ? Field.Location : Field.Ordinary;
}

/** Turns the application's answer head (alternating buffers) into the one for the client. */
export function responseHeaders(raw: readonly Buffer[], rules: ResponseRules): UpstreamAnswerHead {
  const { login, dropRate } = rules;
  const headers: string[] = [];
  let userName: string | undefined;
  let named: Set<string> | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const { name, field } = knownNames.of(raw[i] as Buffer);
    if (field === Field.HopByHop) continue;
    let value = (raw[i + 1] as Buffer).toString('latin1');
    switch (field) {
      case Field.Connection:
        named = addNames(named, value);
        continue;
      case Field.UserName:
        userName = value;
        break;
      case Field.Login:
        if (login !== 'all') continue;
        break;
      case Field.Challenge:
        if (login === 'none') continue;
        break;
      case Field.Rate:
        if (dropRate) continue;
        break;
      case Field.Location:
        value = rules.rewriteLocation(value);
        break;
      case Field.Ordinary:
    }
    headers.push(name, value);
  }
  return { headers: named ? withoutNamed(headers, named) : headers, userName };
}

/** The application's own rate fields, as alternating names and values: clients of Jira compute from them. */
export function rateFields(raw: readonly Buffer[]): string[] {
  const fields: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as Buffer).toString('latin1');
    if (RATE_FIELDS.has(name.toLowerCase())) fields.push(name, (raw[i + 1] as Buffer).toString('latin1'));
  }
  return fields;
}

function addNames(names: Set<string> | undefined, value: string): Set<string> | undefined {
  const lower = value.toLowerCase();
  if (lower === 'keep-alive' || lower === 'close') return names;
  const set = names ?? new Set<string>();
  for (const part of lower.split(',')) set.add(part.trim());
  return set;
}

function withoutNamed(headers: string[], named: Set<string>): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (named.has(name.toLowerCase()) && name.toLowerCase() !== 'content-length') continue;
    kept.push(name, headers[i + 1] as string);
  }
  return kept;
}

/**
 * True when the name that the application answered with is the intended user's: percent-decoded and compared
 * without case, both in Unicode normal form.
 */
export function isSameUser(answered: string, intended: string): boolean {
  if (answered === intended) return true;
  return fold(decodeUserName(answered)) === fold(intended);
}

function decodeUserName(value: string): string {
  if (!value.includes('%') && !value.includes('+')) return value;
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch (error) {
    if (error instanceof URIError) return value;
    throw error;
  }
}

function fold(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
