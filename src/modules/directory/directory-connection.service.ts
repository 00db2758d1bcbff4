import { Inject, Injectable } from '@nestjs/common';
import {
  APPLICATION_HTTP,
  ApplicationHttpError,
  actingUserOf,
  jsonOf,
} from '../applications/application-http.port.js';
import type { ApplicationHttpAnswer, ApplicationHttpPort } from '../applications/application-http.port.js';
import type { Application } from '../applications/applications.port.js';
import type { DirectorySource } from './directory-source.policy.js';
import { DirectoryUnavailableError } from './directory.port.js';

export type Parameters = Readonly<Record<string, string | number>>;

export interface DirectoryAnswer {
  readonly status: number;
  readonly json: unknown;
  /** The user that the application says the answer is for, decoded; undefined when it does not say. */
  readonly actingUser: string | undefined;
}

/** Whom a directory client talks to. Statuses that say "not now" or "not with this account" are thrown. */
export interface DirectoryConnection {
  readonly label: string;
  get(path: string, parameters?: Parameters): Promise<DirectoryAnswer>;
}

const ANONYMOUS = 'anonymous';

@Injectable()
export class DirectoryConnectionService {
  constructor(@Inject(APPLICATION_HTTP) private readonly http: ApplicationHttpPort) {}

  /** A connection with the service account; throws `DirectoryUnavailableError` when it is not accepted. */
  connect(source: DirectorySource): DirectoryConnection {
    const label = labelOf(source);
    return {
      label,
      get: async (path, parameters) => {
        const answer = await this.ask(source, label, path, parameters);
        return accepted(answer, label, source.account);
      },
    };
  }

  /** A connection with somebody's own token: every status is an answer, except that the server is in trouble. */
  connectWithToken(application: Application, personalAccessToken: string): DirectoryConnection {
    const authorization = `Bearer ${personalAccessToken}`;
    const source: DirectorySource = { kind: 'application', application, account: 'the token', authorization };
    const label = labelOf(source);
    return { label, get: (path, parameters) => this.ask(source, label, path, parameters) };
  }

  private async ask(
    source: DirectorySource,
    label: string,
    path: string,
    parameters: Parameters = {},
  ): Promise<DirectoryAnswer> {
    const { origin, contextPath } = baseOf(source);
    const request = {
      method: 'GET',
      origin,
      target: `${contextPath}${path}${queryOf(parameters)}`,
      headers: { accept: 'application/json', authorization: source.authorization },
    };
    const answer = await this.http.request(source.application, request).catch((error: unknown) => {
      if (!(error instanceof ApplicationHttpError)) throw error;
      throw new DirectoryUnavailableError(`${label} cannot be asked: ${error.message}`, undefined, {
        cause: error,
      });
    });
    refuseTrouble(answer, label, source.account);
    return { status: answer.status, json: jsonOf(answer), actingUser: actingUserOf(answer) };
  }
}

function baseOf(source: DirectorySource): { origin: string; contextPath: string } {
  if (source.kind === 'application') return source.application;
  const slash = source.baseUrl.indexOf('/', source.baseUrl.indexOf('//') + 2);
  if (slash === -1) return { origin: source.baseUrl, contextPath: '' };
  return { origin: source.baseUrl.slice(0, slash), contextPath: source.baseUrl.slice(slash) };
}

function labelOf(source: DirectorySource): string {
  return source.kind === 'crowd' ? 'Crowd' : `Application ${source.application.key}`;
}

function queryOf(parameters: Parameters): string {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function refuseTrouble(answer: ApplicationHttpAnswer, label: string, account: string): void {
  const { status } = answer;
  if (answer.header('x-authentication-denied-reason')?.includes('CAPTCHA')) {
    throw new DirectoryUnavailableError(
      `${label} wants a CAPTCHA from ${account}: log in with it once in a browser, or reset its failed logins.`,
    );
  }
  if (status === 429)
    throw new DirectoryUnavailableError(
      `${label} limits the rate of ${account} (HTTP 429): exempt the service account from rate limiting.`,
      10,
    );
  if (status >= 500) throw new DirectoryUnavailableError(`${label} answered with HTTP ${status}.`);
  if (status >= 300 && status < 400) {
    throw new DirectoryUnavailableError(
      `${label} redirected the look-up (HTTP ${status}): check its base URL and context path.`,
    );
  }
}

function accepted(answer: DirectoryAnswer, label: string, account: string): DirectoryAnswer {
  if (answer.status === 401) {
    throw new DirectoryUnavailableError(
      `${label} does not accept ${account} (HTTP 401): check the service account's password or token, and its permissions.`,
    );
  }
  if (answer.actingUser === ANONYMOUS) {
    throw new DirectoryUnavailableError(
      `${label} treats ${account} as anonymous: check the service account's password or token, and that it is active.`,
    );
  }
  return answer;
}
