import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { APPLICATIONS } from '../modules/applications/applications.port.js';
import type { Application } from '../modules/applications/applications.port.js';
import { IDENTITY, isDenial } from '../modules/identity/identity.port.js';
import type { ActingRequest, IdentityPort } from '../modules/identity/identity.port.js';
import type { Denial } from '../modules/decisions/exchange.port.js';
import { deny } from '../modules/decisions/pipeline.port.js';
import { CONFIG } from '../platform/config/config.js';
import type { Config } from '../platform/config/config.js';
import { AnswerJudge } from './answer-judge.js';
import { ExchangeRecorder } from './exchange-recorder.service.js';
import type { GatewayExchange } from './exchange.js';
import { askForBody } from './form-body.js';
import { headerRulesFor } from './header-rules.js';
import { outgoingParameters, outgoingTarget, ownAuthorization, wayOf } from './outgoing.js';
import type { Way } from './outgoing.js';
import { requestHeaders } from './request-headers.js';
import { UpstreamExchange } from './upstream.client.js';
import type { UpstreamEvents, UpstreamFailure, UpstreamRequest } from './upstream.client.js';
import { UpstreamPools } from './upstream.pools.js';

/** Restgate sends no more than this many requests to one application at a time; the rest is refused. */
const MOST_IN_FLIGHT = 5000;

/** Step 11: forwards an allowed exchange, as the user it was decided for, and streams the answer back. */
@Injectable()
export class Forwarder {
  private readonly userAgent: string;
  private readonly publicScheme: string;
  private inFlight = 0;

  constructor(
    private readonly pools: UpstreamPools,
    private readonly recorder: ExchangeRecorder,
    @Inject(IDENTITY) private readonly identity: IdentityPort,
    @Inject(CONFIG) config: Config,
  ) {
    this.userAgent = `Restgate/${config.version}`;
    this.publicScheme = config.publicUrl.startsWith('https:') ? 'https' : 'http';
  }

  /** Answers the client in every case; never throws and never rejects. */
  forward(exchange: GatewayExchange, request: IncomingMessage, response: ServerResponse): void {
    try {
      const started = this.start(exchange, request, response, true);
      if (started) started.catch((error: unknown) => this.recorder.fail(exchange, response, error));
    } catch (error) {
      this.recorder.fail(exchange, response, error);
    }
  }

  /** The request head that goes upstream for a connection upgrade, with the judge of its answer; or the denial. */
  async prepareUpgrade(exchange: GatewayExchange): Promise<PreparedUpgrade | Denial> {
    const application = applicationOf(exchange);
    const way = wayOf(exchange);
    const acting = await this.act(exchange, application, way, undefined);
    if (isDenial(acting)) return acting;
    const judge = new AnswerJudge(exchange, application, way, this.publicScheme);
    return { request: { ...this.head(exchange, application, way, acting, false), body: null }, judge };
  }

  private start(
    exchange: GatewayExchange,
    request: IncomingMessage,
    response: ServerResponse,
    mayRetry: boolean,
  ): Promise<void> | undefined {
    const application = applicationOf(exchange);
    const way = wayOf(exchange);
    if (this.inFlight >= MOST_IN_FLIGHT) {
      this.recorder.deny(
        exchange,
        response,
        deny('upstream_unavailable', { detail: 'too many requests in flight' }),
      );
      return undefined;
    }
    if (exchange.formWasRead) return this.startWithForm(exchange, application, way, request, response);
    const acting = this.act(exchange, application, way, undefined);
    const go = (result: ActingRequest | Denial): void => {
      const body = exchange.smallBody ?? (exchange.head.hasBody ? request : null);
      this.dispatch({ exchange, request, response, mayRetry, application, way }, result, body);
    };
    if (acting instanceof Promise) return acting.then(go);
    go(acting);
    return undefined;
  }

  private async startWithForm(
    exchange: GatewayExchange,
    application: Application,
    way: Way,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const sent = (await exchange.readForm()) ?? '';
    const form = outgoingParameters(sent, way);
    const acting = await this.act(exchange, application, way, form);
    const body = exchange.head.hasBody ? Buffer.from(form, 'latin1') : null;
    this.dispatch({ exchange, request, response, mayRetry: false, application, way }, acting, body);
  }

  private act(
    exchange: GatewayExchange,
    application: Application,
    way: Way,
    form: string | undefined,
  ): ActingRequest | Denial | Promise<ActingRequest | Denial> {
    const { path, query } = outgoingTarget(exchange, application, way);
    if (way.mode !== 'identity') return { target: path + query, headers: [] };
    const principal = exchange.principal;
    if (!principal?.verified) throw new Error('An identity would be injected without a verified principal.');
    return this.identity.actAs(application, principal, { method: exchange.head.method, path, query, form });
  }

  private dispatch(run: Run, acting: ActingRequest | Denial, body: UpstreamRequest['body']): void {
    const { exchange, response, application, way } = run;
    if (isDenial(acting)) {
      this.recorder.deny(exchange, response, acting);
      return;
    }
    const head = this.head(exchange, application, way, acting, Buffer.isBuffer(body));
    const judge = new AnswerJudge(exchange, application, way, this.publicScheme);
    const answerHeaders = ['X-Request-Id', exchange.id, ...exchange.answerHeaders];
    const upstream: UpstreamExchange = new UpstreamExchange(
      response,
      this.eventsOf(run, judge, () => upstream),
      answerHeaders,
    );
    this.inFlight++;
    exchange.upstreamStartedAt = performance.now();
    if (body !== null) askForBody(run.request);
    upstream.send(this.pools.for(application), { ...head, body });
  }

  private eventsOf(run: Run, judge: AnswerJudge, upstream: () => UpstreamExchange): UpstreamEvents {
    const { exchange } = run;
    const end = (): void => {
      this.inFlight--;
      exchange.upstreamMs = performance.now() - exchange.upstreamStartedAt;
      exchange.status = upstream().status;
      exchange.requestBytes = upstream().requestBytes;
      exchange.responseBytes = upstream().responseBytes;
    };
    return {
      onHead: (status, rawHeaders) => judge.judge(status, rawHeaders),
      onEnd: () => {
        end();
        this.recorder.finish(exchange, judge.loginFailed);
      },
      onFailure: (failure) => {
        end();
        this.failed(run, failure, judge);
      },
      onBroken: (detail) => {
        end();
        if (judge.loginFailed) this.recorder.noteFailedLogin(exchange);
        this.recorder.broken(exchange, detail);
      },
      onClientGone: () => {
        end();
        if (judge.loginFailed) this.recorder.noteFailedLogin(exchange);
        this.recorder.broken(exchange, 'the client went away');
      },
    };
  }

  /** A lost keep-alive connection is no reason to fail a read: GET and HEAD are sent once more. */
  private failed(run: Run, failure: UpstreamFailure, judge: AnswerJudge): void {
    const { exchange, request, response } = run;
    const { method } = exchange.head;
    const retry =
      run.mayRetry &&
      failure.beforeAnswer &&
      failure.reason === 'upstream_unavailable' &&
      (method === 'GET' || method === 'HEAD');
    if (!retry || failure.detail.startsWith('ECONNREFUSED')) {
      if (judge.loginFailed) this.recorder.noteFailedLogin(exchange);
      this.recorder.deny(exchange, response, judge.denialFor(failure));
      return;
    }
    const started = this.start(exchange, request, response, false);
    if (started) started.catch((error: unknown) => this.recorder.fail(exchange, response, error));
  }

  private head(
    exchange: GatewayExchange,
    application: Application,
    way: Way,
    acting: ActingRequest,
    dropLength: boolean,
  ): Omit<UpstreamRequest, 'body'> {
    const rules = headerRulesFor(APPLICATIONS.of(exchange.snapshot));
    const headers = requestHeaders(exchange, rules, {
      mode: way.mode,
      upstreamHost: application.host,
      publicScheme: this.publicScheme,
      userAgent: this.userAgent,
      authorization: ownAuthorization(exchange, way),
      dropAuthorization: way.dropAuthorization,
      dropLength,
    });
    for (const field of acting.headers) headers.push(field);
    return { method: exchange.head.method, target: acting.target, headers };
  }
}

/** A connection upgrade as it goes upstream. */
export interface PreparedUpgrade {
  readonly request: UpstreamRequest;
  readonly judge: AnswerJudge;
}

/** One attempt to forward. */
interface Run {
  readonly exchange: GatewayExchange;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly mayRetry: boolean;
  readonly application: Application;
  readonly way: Way;
}

function applicationOf(exchange: GatewayExchange): Application {
  if (!exchange.application) throw new Error('An exchange without application would be forwarded.');
  return exchange.application;
}
