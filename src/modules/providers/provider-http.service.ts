import { lookup as lookUpAddress } from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import { Agent, request } from 'undici';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';
import { METRICS } from '../../platform/metrics/metrics.js';
import { faultOfUrl, isPublicAddress, isTrustedHost } from './provider-address.policy.js';
import { unreachableText } from './provider-fault.policy.js';
import { ProviderHttpError } from './provider-http.errors.js';

const TOTAL_TIMEOUT_MS = 5000;
const CONNECT_TIMEOUT_MS = 3000;
const LARGEST_ANSWER = 1024 * 1024;
const CONNECTIONS_PER_HOST = 64;
const USER_AGENT = 'Restgate';
const REFUSED_ADDRESS = 'RESTGATE_REFUSED_ADDRESS';

export interface ProviderRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as application/x-www-form-urlencoded. */
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

export interface ProviderAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfterSeconds: number | undefined;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/**
 * The one way to a provider. https only (loopback and allowed hosts excepted), no private addresses, no redirects,
 * 5 s in all, 1 MiB at most. Throws `ProviderHttpError` when there is no answer; any status is an answer, except
 * redirects.
 */
@Injectable()
export class ProviderHttp implements OnApplicationShutdown {
  private readonly agent: Agent;
  private readonly durations: Histogram<'outcome'>;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(METRICS) registry: Registry,
  ) {
    this.durations = new Histogram({
      name: 'restgate_provider_request_seconds',
      help: 'Requests to identity providers, by status class or fault.',
      labelNames: ['outcome'],
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers: [registry],
    });
    this.agent = new Agent({
      connections: CONNECTIONS_PER_HOST,
      pipelining: 1,
      keepAliveTimeout: 10_000,
      maxHeaderSize: 16 * 1024,
      connect: {
        timeout: CONNECT_TIMEOUT_MS,
        lookup: (hostname: string, options: LookupOptions, done: LookupCallback) =>
          this.lookUp(hostname, options, done),
      },
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }

  async send(wanted: ProviderRequest): Promise<ProviderAnswer> {
    const fault = faultOfUrl(wanted.url, this.config.providerAllowedHosts);
    if (fault !== undefined) throw new ProviderHttpError('refused-address', `The endpoint ${fault}`);
    const host = new URL(wanted.url).host;
    const done = this.durations.startTimer();
    try {
      const answer = await this.exchange(wanted, host);
      done({ outcome: `${Math.floor(answer.status / 100)}xx` });
      return answer;
    } catch (error) {
      const known = error instanceof ProviderHttpError ? error : asProviderError(error, host);
      done({ outcome: known.fault });
      throw known;
    }
  }

  private async exchange(wanted: ProviderRequest, host: string): Promise<ProviderAnswer> {
    const { body, contentType } = bodyOf(wanted);
    const answer = await request(wanted.url, {
      method: wanted.method,
      dispatcher: this.agent,
      signal: AbortSignal.timeout(TOTAL_TIMEOUT_MS),
      headers: {
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': USER_AGENT,
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
        ...wanted.headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const status = answer.statusCode;
    if (status >= 300 && status < 400) {
      answer.body.on('error', () => undefined).destroy();
      throw new ProviderHttpError(
        'redirect',
        `${host} answered with a redirect (${status}), which is not followed.`,
      );
    }
    const text = await limited(answer.body, host);
    return {
      status,
      contentType: single(answer.headers['content-type']) ?? '',
      retryAfterSeconds: secondsOf(single(answer.headers['retry-after'])),
      text,
      json: parsed(text),
    };
  }

  private lookUp(hostname: string, options: LookupOptions, done: LookupCallback): void {
    lookUpAddress(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, []);
      const trusted = isTrustedHost(hostname, this.config.providerAllowedHosts);
      const first = addresses[0];
      if (!first || (!trusted && !addresses.every((entry) => isPublicAddress(entry.address)))) {
        return done(
          Object.assign(new Error('The host has a private address.'), { code: REFUSED_ADDRESS }),
          [],
        );
      }
      return options.all ? done(null, addresses) : done(null, first.address, first.family);
    });
  }
}

function bodyOf(wanted: ProviderRequest): { body?: string; contentType?: string } {
  if (wanted.form) {
    return {
      body: new URLSearchParams(wanted.form).toString(),
      contentType: 'application/x-www-form-urlencoded',
    };
  }
  if (wanted.json !== undefined)
    return { body: JSON.stringify(wanted.json), contentType: 'application/json' };
  return {};
}

async function limited(body: AsyncIterable<Buffer>, host: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > LARGEST_ANSWER)
      throw new ProviderHttpError('too-large', `The answer of ${host} is larger than 1 MiB.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** Seconds of a Retry-After field, in either form (RFC 9110 section 10.2.3). */
function secondsOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}

function asProviderError(error: unknown, host: string): ProviderHttpError {
  const { name, code, cause } = error as { name?: string; code?: string; cause?: { code?: string } };
  const options = { cause: error };
  if (code === REFUSED_ADDRESS || cause?.code === REFUSED_ADDRESS) {
    return new ProviderHttpError(
      'refused-address',
      `${host} has a private address; list the host in PROVIDER_ALLOWED_HOSTS if it is meant.`,
      undefined,
      options,
    );
  }
  if (name === 'TimeoutError' || name === 'AbortError' || code?.includes('TIMEOUT') === true) {
    return new ProviderHttpError('timeout', `${host} did not answer in time.`, undefined, options);
  }
  return new ProviderHttpError(
    'unreachable',
    unreachableText(host, code ?? cause?.code ?? name ?? 'error'),
    undefined,
    options,
  );
}
