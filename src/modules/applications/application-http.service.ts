import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';
import { ApplicationHttpError } from './application-http.port.js';
import type {
  ApplicationHttpAnswer,
  ApplicationHttpPort,
  ApplicationHttpRequest,
} from './application-http.port.js';
import type { Application } from './applications.port.js';

const TIMEOUT_MS = 5_000;
const LARGEST_ANSWER = 1024 * 1024;
const CONNECTIONS_PER_APPLICATION = 16;

interface OwnAgent {
  readonly fingerprint: string;
  readonly agent: Agent;
}

/** undici with one pool per application, because each may have certificates of its own. */
@Injectable()
export class ApplicationHttpService implements ApplicationHttpPort, OnApplicationShutdown {
  private readonly agents = new Map<string, OwnAgent>();
  private readonly userAgent: string;

  constructor(@Inject(CONFIG) config: Pick<Config, 'version'>) {
    // Not like a browser's: the products demand an XSRF proof from browsers.
    this.userAgent = `restgate/${config.version}`;
  }

  async request(application: Application, request: ApplicationHttpRequest): Promise<ApplicationHttpAnswer> {
    const origin = request.origin ?? application.origin;
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      return await this.send(application, origin, request, signal);
    } catch (error) {
      if (request.method !== 'GET' || !isLostConnection(error)) throw failureOf(error, origin);
    }
    // The server may have closed an idle connection just when it was used again: a read is asked once more.
    return this.send(application, origin, request, signal).catch((error: unknown) => {
      throw failureOf(error, origin);
    });
  }

  private async send(
    application: Application,
    origin: string,
    request: ApplicationHttpRequest,
    signal: AbortSignal,
  ): Promise<ApplicationHttpAnswer> {
    const answer = await this.agentOf(application).request({
      origin,
      path: request.target,
      method: request.method,
      headers: { ...request.headers, 'user-agent': this.userAgent, 'x-atlassian-token': 'no-check' },
      body: request.body ?? null,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      signal,
    });
    const text = await limitedText(answer.body);
    return { status: answer.statusCode, header: (name) => firstOf(answer.headers[name]), text };
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.agents.values()].map(({ agent }) => agent.destroy()));
    this.agents.clear();
  }

  private agentOf(application: Application): Agent {
    const fingerprint = JSON.stringify(application.tls ?? {});
    const known = this.agents.get(application.id);
    if (known?.fingerprint === fingerprint) return known.agent;
    const { ca, certificate, privateKey } = application.tls ?? {};
    const agent = new Agent({
      connections: CONNECTIONS_PER_APPLICATION,
      connect: {
        timeout: TIMEOUT_MS,
        // Said outright, so that no variable of the environment switches it off.
        rejectUnauthorized: true,
        ...(ca !== undefined && { ca }),
        ...(certificate !== undefined && { cert: certificate }),
        ...(privateKey !== undefined && { key: privateKey }),
      },
    });
    this.agents.set(application.id, { fingerprint, agent });
    // Requests under way still finish on the old certificates.
    void known?.agent.close();
    return agent;
  }
}

async function limitedText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_ANSWER) throw new ApplicationHttpError('gave an answer of more than 1 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function firstOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

const WORDS: Record<string, string> = {
  ECONNREFUSED: 'refuses connections: check the port, and that it runs',
  ENOTFOUND: 'has a host name that cannot be resolved',
  EAI_AGAIN: 'has a host name that cannot be resolved at the moment',
  EHOSTUNREACH: 'is not reachable over the network',
  ENETUNREACH: 'is not reachable over the network',
  ECONNRESET: 'closed the connection',
  UND_ERR_SOCKET: 'closed the connection',
  UND_ERR_CONNECT_TIMEOUT: 'did not accept a connection within 5 s',
  UND_ERR_HEADERS_TIMEOUT: 'did not answer within 5 s',
  UND_ERR_BODY_TIMEOUT: 'did not finish its answer within 5 s',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a self-signed certificate: give it as tls.ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a certificate of a private authority: give the authority as tls.ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'does not send its whole certificate chain: give the authority as tls.ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'has a certificate of an unknown authority: give it as tls.ca',
  CERT_HAS_EXPIRED: 'has an expired certificate',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another host name',
};

function isLostConnection(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

function failureOf(error: unknown, origin: string): ApplicationHttpError {
  if (error instanceof ApplicationHttpError)
    return new ApplicationHttpError(`${origin} ${error.message}.`, { cause: error });
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (name === 'TimeoutError')
    return new ApplicationHttpError(`${origin} did not answer within 5 s.`, { cause: error });
  const words =
    typeof code === 'string' ? (WORDS[code] ?? `cannot be asked (${code})`) : 'gave no well-formed answer';
  return new ApplicationHttpError(`${origin} ${words}.`, { cause: error });
}
