import type { Application, Product } from '../applications/applications.port.js';
import type { DryRunRequest } from './decisions.port.js';
import type { CredentialKind } from './exchange.port.js';

/** A credential that somebody pasted. Never stored, never logged. */
export interface PastedCredential {
  readonly scheme: 'bearer' | 'basic';
  readonly token: string;
  readonly username?: string;
}

/** A question about a request, before it is a request. */
export interface AskedRequest {
  readonly application: Application;
  readonly method: string;
  /** Below the application's context path, or as callers write it, with its prefix. A query may follow. */
  readonly path: string;
  readonly clientIp: string;
}

/** What a request of such a kind carries, so that routing takes it for what it is. No step reads it further. */
const ASSUMED_FIELDS: Readonly<Partial<Record<CredentialKind, readonly [name: string, value: string]>>> = {
  'api-token': ['Authorization', 'Bearer assumed'],
  oauth: ['Authorization', 'Bearer assumed'],
  pat: ['Authorization', 'Bearer assumed'],
  basic: ['Authorization', 'Bearer assumed'],
  oauth1: ['Authorization', 'OAuth oauth_token="assumed"'],
  session: ['Cookie', 'JSESSIONID=assumed'],
};

/** A cheap read of each product that every user may make. */
export const PROBE_PATHS: Readonly<Record<Product, string>> = {
  jira: '/rest/api/2/myself',
  confluence: '/rest/api/user/current',
  bitbucket: '/rest/api/1.0/projects',
};

/** The request as a client would send it to the gateway. `publicHost` serves applications without a host name. */
export function dryRunRequest(
  asked: AskedRequest,
  publicHost: string,
  rawHeaders: readonly string[],
): DryRunRequest {
  const { application, method, path, clientIp } = asked;
  const { pathPrefix, hostname } = application;
  const prefixed = pathPrefix !== '' && path.startsWith(`${pathPrefix}/`);
  const target = prefixed ? path : `${pathPrefix}${path}`;
  return { method, target, host: hostname ?? publicHost, rawHeaders, clientIp };
}

/** Alternating name and value of the field that carries a pasted credential. */
export function headersOf(credential: PastedCredential): readonly string[] {
  const token = withoutScheme(credential.token.trim());
  if (credential.scheme === 'bearer') return ['Authorization', `Bearer ${token}`];
  const pair = Buffer.from(`${credential.username ?? ''}:${token}`, 'utf8').toString('base64');
  return ['Authorization', `Basic ${pair}`];
}

/** People paste whole header values. */
function withoutScheme(token: string): string {
  return token.replace(/^(?:Authorization: *)?Bearer +/i, '');
}

/** Alternating name and value that stand for a credential of a kind whose value nobody has. */
export function assumedHeaders(kind: CredentialKind): readonly string[] {
  return ASSUMED_FIELDS[kind] ?? [];
}
