import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { ServerResponse, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Application } from '../modules/applications/applications.port.js';
import { isDenial } from '../modules/identity/identity.port.js';
import { deny, runStep } from '../modules/decisions/pipeline.port.js';
import type { Denial } from '../modules/decisions/exchange.port.js';
import { PIPELINE } from '../modules/decisions/decisions.port.js';
import type { PipelinePort } from '../modules/decisions/decisions.port.js';
import { CHANGE_FEED } from '../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../platform/change-feed/change-feed.port.js';
import { ExchangeRecorder } from './exchange-recorder.service.js';
import { GatewayExchange } from './exchange.js';
import { Forwarder } from './forwarder.service.js';
import { failureOf } from './upstream.client.js';
import type { UpstreamRequest } from './upstream.client.js';

const RECHECK_MS = 15_000;
const MOST_OPEN = 10_000;

interface OpenUpgrade {
  readonly exchange: GatewayExchange;
  readonly request: IncomingMessage;
  readonly client: Duplex;
}

/**
 * WebSocket and other upgrades: the same steps decide as for every request, before anything is switched. Open
 * connections are decided anew every 15 s, so that a revoked token or a changed address list ends them.
 */
@Injectable()
export class UpgradeService implements OnApplicationShutdown {
  private readonly open = new Set<OpenUpgrade>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    @Inject(PIPELINE) private readonly pipeline: PipelinePort,
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    private readonly forwarder: Forwarder,
    private readonly recorder: ExchangeRecorder,
  ) {
    this.timer = setInterval(() => void this.recheck(), RECHECK_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    for (const { client } of this.open) client.destroy();
  }

  /** Decides an admitted upgrade request and connects both sides, or answers the refusal. Never rejects. */
  async handle(exchange: GatewayExchange, request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const response = responseOn(request, client);
    try {
      const denial = await this.decide(exchange);
      if (denial) return this.recorder.deny(exchange, response, denial);
      if (this.open.size >= MOST_OPEN) {
        return this.recorder.deny(exchange, response, deny('upstream_unavailable', { detail: 'too many open upgrades' }));
      }
      const prepared = await this.forwarder.prepareUpgrade(exchange);
      if (isDenial(prepared)) return this.recorder.deny(exchange, response, prepared);
      this.connect({ exchange, request, client }, prepared, response, head);
    } catch (error) {
      this.recorder.fail(exchange, response, error);
    }
  }

  private async decide(exchange: GatewayExchange): Promise<Denial | undefined> {
    for (const step of this.pipeline.current.steps) await runStep(step, exchange);
    const { decision } = exchange;
    if (!decision) throw new Error('The pipeline ended without a decision.');
    return decision.verdict === 'deny' ? decision : undefined;
  }

  private connect(run: OpenUpgrade, prepared: UpstreamRequest, response: ServerResponse, head: Buffer): void {
    const { exchange, request, client } = run;
    const application = exchange.application as Application;
    const upstream = send(application, prepared, request.headers.upgrade ?? 'websocket');
    client.on('close', () => upstream.destroy());
    client.on('error', () => upstream.destroy());
    upstream.on('upgrade', (answer, socket, first) => {
      exchange.status = 101;
      response.detachSocket(client as Parameters<ServerResponse['detachSocket']>[0]);
      client.write(answerHead(answer));
      if (first.length > 0) client.write(first);
      if (head.length > 0) socket.write(head);
      this.join(run, socket);
    });
    upstream.on('response', (answer) => {
      exchange.status = answer.statusCode ?? 502;
      response.writeHead(exchange.status, answer.statusMessage, endToEnd(answer.rawHeaders));
      answer.pipe(response);
      answer.on('end', () => this.recorder.finish(exchange, false));
    });
    upstream.on('error', (error) => {
      const { reason, detail } = failureOf(error);
      this.recorder.deny(exchange, response, deny(reason, { detail }));
    });
    upstream.setTimeout(application.timeouts.headersMs, () => upstream.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    upstream.end();
  }

  private join(run: OpenUpgrade, upstream: Duplex): void {
    this.open.add(run);
    const end = (): void => {
      upstream.destroy();
      run.client.destroy();
      if (this.open.delete(run)) this.recorder.finish(run.exchange, false);
    };
    for (const side of [run.client, upstream]) {
      side.on('error', end);
      side.on('close', end);
    }
    run.client.pipe(upstream);
    upstream.pipe(run.client);
  }

  private async recheck(): Promise<void> {
    for (const run of this.open) {
      const { id, head, peerIp } = run.exchange;
      const again = new GatewayExchange(id, head, this.changeFeed.current, peerIp, undefined);
      const denial = await this.decide(again).catch(() => deny('internal_error'));
      if (denial) run.client.destroy();
    }
  }
}

function send(application: Application, prepared: UpstreamRequest, protocol: string): ClientRequest {
  const url = new URL(application.origin);
  const options = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? undefined : Number(url.port),
    method: prepared.method,
    path: prepared.target,
    headers: [...prepared.headers, 'Connection', 'Upgrade', 'Upgrade', protocol] as unknown as Record<string, string>,
    setHost: false,
    agent: false as const,
    rejectUnauthorized: true,
    ca: application.tls?.ca,
    cert: application.tls?.certificate,
    key: application.tls?.privateKey,
  };
  return url.protocol === 'https:' ? httpsRequest(options) : httpRequest(options);
}

function responseOn(request: IncomingMessage, client: Duplex): ServerResponse {
  const response = new ServerResponse(request);
  response.assignSocket(client as Parameters<ServerResponse['assignSocket']>[0]);
  response.on('finish', () => client.end());
  return response;
}

function answerHead(answer: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage ?? ''}`];
  for (let i = 0; i < answer.rawHeaders.length; i += 2) lines.push(`${answer.rawHeaders[i]}: ${answer.rawHeaders[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function endToEnd(rawHeaders: readonly string[]): string[] {
  const kept: string[] = ['Connection', 'close'];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (/^(?:connection|keep-alive|transfer-encoding|upgrade|proxy-.*)$/i.test(name)) continue;
    kept.push(name, rawHeaders[i + 1] as string);
  }
  return kept;
}
