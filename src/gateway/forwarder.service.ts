import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Application } from '../modules/applications/applications.port.js';
import { IDENTITY, isDenial } from '../modules/identity/identity.port.js';
import type { ActingRequest, IdentityPort } from '../modules/identity/identity.port.js';
import type { Denial } from '../modules/decisions/exchange.port.js';
import { deny } from '../modules/decisions/pipeline.port.js';
import { CONFIG } from '../platform/config/config.js';
import type { Config } from '../platform/config/config.js';
import { AnswerJudge } from './answer-judge.js';
import { Attempt } from './attempt.js';
import type { AttemptOwner, BreakOff, Run } from './attempt.js';
import { ExchangeRecorder } from './exchange-recorder.service.js';
import type { GatewayExchange } from './exchange.js';
import { askForBody } from './form-body.js';
import { headerRulesFor } from './header-rules.js';
import { outgoingParameters, outgoingTarget, ownAuthorization, wayOf } from './outgoing.js';
import type { Way } from './outgoing.js';
import { requestHeaders } from './request-headers.js';
import { RequestTraces } from './request-traces.service.js';
import type { UpstreamFailure, UpstreamRequest } from './upstream.client.js';
import { UpstreamPools } from './upstream.pools.js';

/** No more than this many requests are on their way to one application, or wait for it; the rest is refused. */
const MOST_IN_FLIGHT = 5000;

/** Step 11: forwards an allowed exchange, as the user it was decided for, and streams the answer back. */
@Injectable()
export class Forwarder implements AttemptOwner {
  private readonly userAgent: string;
  private readonly publicScheme: string;

  constructor(
    private readonly pools: UpstreamPools,
    private readonly recorder: ExchangeRecorder,
    @Inject(IDENTITY) private readonly identity: IdentityPort,
    private readonly traces: RequestTraces,
    @Inject(CONFIG) config: Config,
  ) {
    this.userAgent = `Restgate/${config.version}`;
    this.publicScheme = config.publicUrl.startsWith('https:') ? 'https' : 'http';
  }

  /** Answers the client in every case; never throws and never rejects. */
  forward(exchange: GatewayExchange, request: IncomingMessage, response: ServerResponse): void {
    this.tryOnce(exchange, request, response, true);
  }

  /** The request head that goes upstream for a connection upgrade, with the judge of its answer; or the denial. */
  async prepareUpgrade(exchange: GatewayExchange): Promise<PreparedUpgrade | Denial> {
    const application = applicationOf(exchange);
    const way = wayOf(exchange);
    const acting = await this.act(exchange, application, way, undefined, false);
    if (isDenial(acting)) return acting;
    const judge = new AnswerJudge(exchange, application, way, this.publicScheme, acting);
    return { request: this.head(exchange, application, way, acting, null), judge };
  }

  onAnswered(run: Run, judge: AnswerJudge): void {
    this.traces.endCall(run.exchange, undefined);
    this.recorder.finish(run.exchange, judge.loginFailed);
  }

  /** A lost keep-alive connection is no reason to fail a read: GET and HEAD are sent once more. */
  onFailed(run: Run, judge: AnswerJudge, failure: UpstreamFailure): void {
    const { exchange, request, response } = run;
    this.traces.endCall(exchange, failure.reason);
    const { method } = exchange.head;
    const retry =
      run.mayRetry &&
      failure.beforeAnswer &&
      failure.reason === 'upstream_unavailable' &&
      isRepeatable(method);
    if (!retry || failure.detail.startsWith('ECONNREFUSED')) {
      if (judge.loginFailed) this.recorder.noteFailedLogin(exchange);
      this.recorder.deny(exchange, response, judge.denialFor(failure));
      return;
    }
    this.tryOnce(exchange, request, response, false);
  }

  onBrokenOff(run: Run, judge: AnswerJudge, detail: string, fault: BreakOff): void {
    this.traces.endCall(run.exchange, fault);
    if (judge.loginFailed) this.recorder.noteFailedLogin(run.exchange);
    this.recorder.broken(run.exchange, detail);
  }

  private tryOnce(
    exchange: GatewayExchange,
    request: IncomingMessage,
    response: ServerResponse,
    mayRetry: boolean,
  ): void {
    try {
      const started = this.start(exchange, request, response, mayRetry);
      if (started) started.catch((error: unknown) => this.recorder.fail(exchange, response, error));
    } catch (error) {
      this.recorder.fail(exchange, response, error);
    }
  }

  private start(
    exchange: GatewayExchange,
    request: IncomingMessage,
    response: ServerResponse,
    mayRetry: boolean,
  ): Promise<void> | undefined {
    const application = applicationOf(exchange);
    const way = wayOf(exchange);
    if (this.pools.for(application).inFlight >= MOST_IN_FLIGHT) {
      this.recorder.deny(
        exchange,
        response,
        deny('upstream_unavailable', { detail: 'too many requests in flight' }),
      );
      return undefined;
    }
    if (exchange.formWasRead)
      return this.startWithForm({ exchange, request, response, mayRetry: false, application, way });
    const run: Run = { exchange, request, response, mayRetry, application, way };
    const body = exchange.smallBody ?? (exchange.head.hasBody ? request : null);
    const { method, hasBody } = exchange.head;
    const repeatable = mayRetry && !hasBody && isRepeatable(method);
    const acting = this.act(exchange, application, way, undefined, repeatable);
    if (acting instanceof Promise) return acting.then((result) => this.dispatch(run, result, body));
    this.dispatch(run, acting, body);
    return undefined;
  }

  private async startWithForm(run: Run): Promise<void> {
    const { exchange, application, way } = run;
    const sent = (await exchange.readForm()) ?? '';
    const form = outgoingParameters(sent, way);
    const acting = await this.act(exchange, application, way, form, false);
    this.dispatch(run, acting, exchange.head.hasBody ? Buffer.from(form, 'latin1') : null);
  }

  private act(
    exchange: GatewayExchange,
    application: Application,
    way: Way,
    form: string | undefined,
    repeatable: boolean,
  ): ActingRequest | Denial | Promise<ActingRequest | Denial> {
    const { path, query } = outgoingTarget(exchange, application, way);
    if (way.mode !== 'identity') return { target: path + query, headers: [] };
    const principal = exchange.principal;
    if (!principal?.verified) throw new Error('An identity would be injected without a verified principal.');
    const { method } = exchange.head;
    return this.identity.actAs(application, principal, { method, path, query, form, repeatable });
  }

  private dispatch(run: Run, acting: ActingRequest | Denial, body: UpstreamRequest['body']): void {
    const { exchange, application, way } = run;
    if (isDenial(acting)) {
      this.recorder.deny(exchange, run.response, acting);
      return;
    }
    const head = this.head(exchange, application, way, acting, body);
    const judge = new AnswerJudge(exchange, application, way, this.publicScheme, acting);
    const attempt = new Attempt(this, run, judge, this.pools.for(application));
    if (body !== null) askForBody(run.request);
    attempt.send(head);
  }

  private head(
    exchange: GatewayExchange,
    application: Application,
    way: Way,
    acting: ActingRequest,
    body: UpstreamRequest['body'],
  ): UpstreamRequest {
    const rules = headerRulesFor(exchange.snapshot);
    const headers = requestHeaders(exchange, rules, {
      mode: way.mode,
      upstreamHost: application.host,
      publicScheme: this.publicScheme,
      userAgent: this.userAgent,
      authorization: ownAuthorization(exchange, way),
      dropAuthorization: way.dropAuthorization,
      dropLength: Buffer.isBuffer(body),
    });
    this.traces.propagate(exchange, headers);
    for (const field of acting.headers) headers.push(field);
    return { method: exchange.head.method, target: acting.target, headers, body };
  }
}

/** A connection upgrade as it goes upstream. */
export interface PreparedUpgrade {
  readonly request: UpstreamRequest;
  readonly judge: AnswerJudge;
}

function isRepeatable(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

function applicationOf(exchange: GatewayExchange): Application {
  if (!exchange.application) throw new Error('An exchange without application would be forwarded.');
  return exchange.application;
}
