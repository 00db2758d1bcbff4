import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream';
import type { Duplex, Readable } from 'node:stream';
import type { Application } from '../modules/applications/applications.port.js';
import { deny, runSteps } from '../modules/decisions/pipeline.port.js';
import type { Denial } from '../modules/decisions/exchange.port.js';
import { PIPELINE } from '../modules/decisions/decisions.port.js';
import type { PipelinePort } from '../modules/decisions/decisions.port.js';
import { ANY_TOPIC, CHANGE_FEED } from '../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../platform/change-feed/change-feed.port.js';
import { answerOn } from './connection-end.js';
import { ExchangeRecorder } from './exchange-recorder.service.js';
import { GatewayExchange } from './exchange.js';
import { Forwarder } from './forwarder.service.js';
import type { PreparedUpgrade } from './forwarder.service.js';
import { failureOf } from './upstream.client.js';
import type { UpstreamFailure, UpstreamRequest } from './upstream.client.js';

/** What no change of settings announces (expired tokens, users who lost a group) ends a connection this soon. */
const RECHECK_MS = 15_000;
const MOST_OPEN = 10_000;
const CLIENT_GONE = 'the client went away';
/** RFC 6455 section 4.1; a body could not be told from the switched protocol's first bytes. */
const NOT_A_GET = deny('malformed_request', { detail: 'a WebSocket upgrade by another method than GET' });

interface OpenUpgrade {
  readonly exchange: GatewayExchange;
  readonly request: IncomingMessage;
  readonly client: Duplex;
}

/**
 * WebSocket upgrades: the same steps decide as for every request, before anything is switched. Open connections
 * are decided anew after every change of settings and every 15 s, so that a revoked token or a changed address
 * list ends them.
 */
@Injectable()
export class UpgradeService implements OnApplicationShutdown {
  private readonly open = new Set<OpenUpgrade>();
  /** Of the open ones, and of those that are still decided on. */
  private readonly clients = new Set<Duplex>();
  private ended = false;
  private readonly timer: NodeJS.Timeout;

  constructor(
    @Inject(PIPELINE) private readonly pipeline: PipelinePort,
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    private readonly forwarder: Forwarder,
    private readonly recorder: ExchangeRecorder,
  ) {
    this.timer = setInterval(() => void this.recheck(), RECHECK_MS).unref();
    changeFeed.onReload(ANY_TOPIC, () => void this.recheck());
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.endAll();
  }

  /**
   * Ends every connection, those that are still decided on, too, and those to come: they have no end of their own
   * that a shutdown could wait for, and the server that took them no longer counts them.
   */
  endAll(): void {
    this.ended = true;
    for (const client of this.clients) client.destroy();
  }

  /** Decides an admitted upgrade request and connects both sides, or answers the refusal. Never rejects. */
  async handle(
    exchange: GatewayExchange,
    request: IncomingMessage,
    client: Duplex,
    head: Buffer,
  ): Promise<void> {
    this.clients.add(client);
    client.once('close', () => this.clients.delete(client));
    const response = answerOn(request, client);
    if (this.ended) client.destroy();
    try {
      if (exchange.head.method !== 'GET') return this.recorder.deny(exchange, response, NOT_A_GET);
      const denial = await this.decide(exchange);
      if (denial) return this.recorder.deny(exchange, response, denial);
      if (this.open.size >= MOST_OPEN) {
        return this.recorder.deny(
          exchange,
          response,
          deny('upstream_unavailable', { detail: 'too many open upgrades' }),
        );
      }
      const prepared = await this.forwarder.prepareUpgrade(exchange);
      if ('verdict' in prepared) return this.recorder.deny(exchange, response, prepared);
      this.connect({ exchange, request, client }, prepared, response, head);
    } catch (error) {
      this.recorder.fail(exchange, response, error);
    }
  }

  private async decide(exchange: GatewayExchange): Promise<Denial | undefined> {
    await runSteps(this.pipeline.current.steps, exchange);
    return exchange.decision?.verdict === 'deny' ? exchange.decision : undefined;
  }

  private connect(run: OpenUpgrade, prepared: PreparedUpgrade, response: ServerResponse, head: Buffer): void {
    const { exchange, request, client } = run;
    const { judge } = prepared;
    // Its close has been told already: nobody would ever end the other side.
    if (client.destroyed) return this.recorder.broken(exchange, CLIENT_GONE);
    const application = exchange.application as Application;
    exchange.upstreamStartedAt = performance.now();
    const upstream = send(application, prepared.request, request.headers.upgrade ?? 'websocket');
    const refuse = (failure: UpstreamFailure): void => {
      if (judge.loginFailed) this.recorder.noteFailedLogin(exchange);
      this.recorder.deny(exchange, response, judge.denialFor(failure));
    };
    const leave = (): void => {
      upstream.destroy();
      this.recorder.broken(exchange, CLIENT_GONE);
    };
    client.on('close', leave);
    upstream.on('upgrade', (answer, socket, first) => {
      client.off('close', leave);
      this.attempt(run, response, socket, () => {
        const judged = judge.judge(101, buffersOf(answer.rawHeaders));
        if ('reason' in judged) {
          socket.destroy();
          return refuse(judged);
        }
        exchange.status = 101;
        response.detachSocket(client as Parameters<ServerResponse['detachSocket']>[0]);
        const ours = ['X-Request-Id', exchange.id, ...exchange.answerHeaders];
        client.write(switchHead(answer, [...judged.headers, ...ours]), 'latin1');
        if (first.length > 0) client.write(first);
        if (head.length > 0) socket.write(head);
        this.join(run, socket);
      });
    });
    upstream.on('response', (answer) =>
      this.attempt(run, response, answer, () => this.answerWithoutUpgrade(run, prepared, response, answer)),
    );
    upstream.on('error', (error) => refuse(failureOf(error)));
    upstream.setTimeout(application.timeouts.headersMs, () =>
      upstream.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })),
    );
    upstream.end();
  }

  /** What throws in an event of the application's connection ends this exchange, not the process. */
  private attempt(run: OpenUpgrade, response: ServerResponse, answer: Readable, work: () => void): void {
    try {
      work();
    } catch (error) {
      answer.destroy();
      this.recorder.fail(run.exchange, response, error);
      if (response.socket === null) run.client.destroy();
    }
  }

  /** The application did not switch: its answer is judged and sent as every other one. */
  private answerWithoutUpgrade(
    { exchange }: OpenUpgrade,
    { judge }: PreparedUpgrade,
    response: ServerResponse,
    answer: IncomingMessage,
  ): void {
    const status = answer.statusCode ?? 502;
    const judged = judge.judge(status, buffersOf(answer.rawHeaders));
    if ('reason' in judged) {
      answer.destroy();
      if (judge.loginFailed) this.recorder.noteFailedLogin(exchange);
      return this.recorder.deny(exchange, response, judge.denialFor(judged));
    }
    exchange.status = status;
    response.writeHead(status, answer.statusMessage, [
      ...judged.headers,
      'X-Request-Id',
      exchange.id,
      ...exchange.answerHeaders,
      'Connection',
      'close',
    ]);
    pipeline(answer, response, (error) => {
      if (error) this.recorder.broken(exchange, 'the answer broke off');
      else this.recorder.finish(exchange, judge.loginFailed);
    });
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
      // The other side has ended and everything of it was passed on: a half-open connection is of no use to anybody.
      side.on('finish', end);
    }
    run.client.pipe(upstream);
    upstream.pipe(run.client);
  }

  private async recheck(): Promise<void> {
    for (const run of this.open) {
      const { id, head, peerIp } = run.exchange;
      const again = new GatewayExchange(id, id, head, this.changeFeed.current, peerIp, undefined);
      const denial = await this.decide(again).catch(() => deny('internal_error'));
      // The last step: everything else was granted anew, and how often to call does not end what is open.
      if (denial && denial.reason !== 'rate_limited') run.client.destroy();
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
    headers: [...prepared.headers, 'Connection', 'Upgrade', 'Upgrade', protocol] as unknown as Record<
      string,
      string
    >,
    setHost: false,
    agent: false as const,
    rejectUnauthorized: true,
    ca: application.tls?.ca,
    cert: application.tls?.certificate,
    key: application.tls?.privateKey,
  };
  return url.protocol === 'https:' ? httpsRequest(options) : httpRequest(options);
}

function switchHead(answer: IncomingMessage, headers: readonly string[]): string {
  const protocol = answer.headers.upgrade ?? 'websocket';
  const lines = [`HTTP/1.1 101 ${answer.statusMessage ?? ''}`, 'Connection: Upgrade', `Upgrade: ${protocol}`];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function buffersOf(rawHeaders: readonly string[]): Buffer[] {
  return rawHeaders.map((text) => Buffer.from(text, 'latin1'));
}
