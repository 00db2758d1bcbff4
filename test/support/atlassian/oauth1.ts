import { createVerify } from 'node:crypto';
import OAuth from 'oauth-1.0a';
import type { StandInDirectory } from './users.js';
import type { Exchange, OAuthConsumer, StandInUser } from './types.js';

const REQUIRED = [
  'oauth_consumer_key',
  'oauth_token',
  'oauth_signature_method',
  'oauth_signature',
  'oauth_timestamp',
  'oauth_nonce',
];
const WINDOW_SECONDS = 300;
const WEBDAV_AGENT = /^(Microsoft-WebDAV-MiniRedir|WebDAVFS|WebDAVLib)\//;
const PROBLEM_STATUS: Record<string, number> = {
  version_rejected: 400,
  parameter_absent: 400,
  parameter_rejected: 400,
  timestamp_refused: 400,
  signature_method_rejected: 400,
  nonce_used: 401,
  token_rejected: 401,
  signature_invalid: 401,
  consumer_key_unknown: 401,
  permission_denied: 401,
};

export type OAuth1Result =
  | { kind: 'not-oauth' }
  | { kind: 'user'; user: StandInUser | null }
  | { kind: 'refused'; status: number; challenge: string; body: string };

type Parameter = [name: string, value: string];

/** Parameters of `Authorization: OAuth ...`, decoded; realm is not one of them. */
export function parseOAuthHeader(value: string): Parameter[] {
  const scheme = /^\s*OAuth\s+/i.exec(value);
  if (!scheme) return [];
  const found: Parameter[] = [];
  for (const part of value.slice(scheme[0].length).split(',')) {
    const pair = /^\s*([^=\s]+)\s*=\s*"([^"]*)"\s*$/.exec(part);
    if (!pair || pair[1]?.toLowerCase() === 'realm') continue;
    found.push([decodeURIComponent(pair[1] ?? ''), decodeURIComponent(pair[2] ?? '')]);
  }
  return found;
}

/** The signature base string, made by the library `oauth-1.0a` and by nothing of the gateway. */
export function signatureBaseString(method: string, url: string, parameters: Parameter[]): string {
  const data: Record<string, string | string[]> = {};
  for (const [name, value] of parameters) {
    if (name === 'oauth_signature') continue;
    const before = data[name];
    if (before === undefined) data[name] = value;
    else data[name] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  const library = new OAuth({ consumer: { key: '', secret: '' }, hash_function: () => '' });
  return library.getBaseString({ method, url, data }, {} as OAuth.Data);
}

/** The two-legged OAuth 1.0a filter of the application links plug-in, with impersonation. */
export class OAuth1Filter {
  consumer: OAuthConsumer | undefined;
  private readonly nonces = new Set<string>();

  constructor(
    consumer: OAuthConsumer | undefined,
    private readonly directory: StandInDirectory,
    private readonly clock: () => number,
  ) {
    this.consumer = consumer;
  }

  check(exchange: Exchange): OAuth1Result {
    const agent = exchange.record.header('user-agent')[0] ?? '';
    if (WEBDAV_AGENT.test(agent)) return { kind: 'not-oauth' };
    const inHeader = exchange.record.header('authorization').flatMap(parseOAuthHeader);
    const pool: Parameter[] = [...inHeader, ...exchange.parameters.entries()];
    const values = (name: string): string[] =>
      pool.filter(([each]) => each === name).map(([, value]) => value);
    if (REQUIRED.some((name) => values(name).length === 0)) return { kind: 'not-oauth' };
    const first = (name: string): string => values(name)[0] ?? '';
    if (first('oauth_token') !== '') return this.problem(exchange, 'token_rejected');
    const problem = this.validate(exchange, pool, values);
    if (problem !== null) return problem;
    return this.chooseUser(exchange, pool);
  }

  private validate(
    exchange: Exchange,
    pool: Parameter[],
    values: (name: string) => string[],
  ): OAuth1Result | null {
    const first = (name: string): string => values(name)[0] ?? '';
    if (this.consumer === undefined || this.consumer.key !== first('oauth_consumer_key')) {
      return this.problem(exchange, 'consumer_key_unknown');
    }
    const names = pool.map(([name]) => name).filter((name) => name.startsWith('oauth_'));
    const repeated = names.filter((name, index) => names.indexOf(name) !== index);
    if (repeated.length > 0) {
      return this.problem(exchange, 'parameter_rejected', { oauth_parameters_rejected: repeated.join('&') });
    }
    const version = values('oauth_version')[0];
    if (version !== undefined && version !== '1.0') {
      return this.problem(exchange, 'version_rejected', { oauth_acceptable_versions: '1.0-1.0' });
    }
    const late = this.validateTime(exchange, first('oauth_timestamp'), first('oauth_nonce'));
    if (late !== null) return late;
    if (first('oauth_signature_method') !== 'RSA-SHA1')
      return this.problem(exchange, 'signature_method_rejected');
    const url = `${exchange.origin}${rawPathOf(exchange)}`;
    const base = signatureBaseString(exchange.request.method ?? '', url, pool);
    const genuine = createVerify('RSA-SHA1')
      .update(base)
      .verify(this.consumer.publicKeyPem, first('oauth_signature'), 'base64');
    return genuine
      ? null
      : this.problem(exchange, 'signature_invalid', { oauth_signature_base_string: base });
  }

  private validateTime(exchange: Exchange, timestamp: string, nonce: string): OAuth1Result | null {
    const now = Math.floor(this.clock() / 1000);
    const time = Number(timestamp);
    if (!/^\d+$/.test(timestamp)) return this.problem(exchange, 'parameter_rejected');
    if (Math.abs(now - time) > WINDOW_SECONDS) {
      const acceptable = `${now - WINDOW_SECONDS}-${now + WINDOW_SECONDS}`;
      return this.problem(exchange, 'timestamp_refused', { oauth_acceptable_timestamps: acceptable });
    }
    const seen = `${timestamp} ${nonce} ${this.consumer?.key ?? ''}`;
    if (this.nonces.has(seen)) return this.problem(exchange, 'nonce_used');
    this.nonces.add(seen);
    return null;
  }

  /** `getParameter` reads query and form only, and only their first value. */
  private chooseUser(exchange: Exchange, pool: Parameter[]): OAuth1Result {
    const { parameters } = exchange;
    const requestor = parameters.get('xoauth_requestor_id') ?? parameters.get('user_id');
    const allowed = requestor === null ? this.consumer?.twoLOAllowed : this.consumer?.impersonationAllowed;
    if (!allowed) return this.denied(exchange, pool);
    const name = requestor ?? this.consumer?.executingTwoLOUser ?? null;
    const user = this.directory.find(name);
    if (user !== null && !user.active) return this.denied(exchange, pool);
    return { kind: 'user', user };
  }

  private denied(exchange: Exchange, pool: Parameter[]): OAuth1Result {
    const echoed = pool.filter(([name]) => name.startsWith('oauth_'));
    const fields = echoed.map(([name, value]) => `, ${name}="${encodeURIComponent(value)}"`).join('');
    const challenge = `OAuth realm="${encodeURIComponent(exchange.baseUrl)}"${fields}`;
    return { kind: 'refused', status: 401, challenge, body: '' };
  }

  private problem(exchange: Exchange, problem: string, more: Record<string, string> = {}): OAuth1Result {
    const all = { oauth_problem: problem, ...more };
    const fields = Object.entries(all).map(([name, value]) => `, ${name}="${encodeURIComponent(value)}"`);
    return {
      kind: 'refused',
      status: PROBLEM_STATUS[problem] ?? 403,
      challenge: `OAuth realm="${encodeURIComponent(exchange.baseUrl)}"${fields.join('')}`,
      body: new URLSearchParams(all).toString(),
    };
  }
}

/** `getRequestURL` keeps the path as it came, before any forward. */
function rawPathOf(exchange: Exchange): string {
  const target = exchange.record.target.replace(/^https?:\/\/[^/?]*/i, '');
  return target.split('?')[0] || '/';
}
