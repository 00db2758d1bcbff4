import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Application } from '../modules/applications/applications.port.js';
import type { AnswerJudge } from './answer-judge.js';
import type { GatewayExchange } from './exchange.js';
import type { Way } from './outgoing.js';
import type { UpstreamAnswerHead } from './response-headers.js';
import { UpstreamExchange } from './upstream.client.js';
import type { UpstreamEvents, UpstreamFailure, UpstreamRequest } from './upstream.client.js';
import type { Lane } from './upstream.pools.js';

/** An allowed exchange on its way to the application. */
export interface Run {
  readonly exchange: GatewayExchange;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly mayRetry: boolean;
  readonly application: Application;
  readonly way: Way;
}

/** The answer stopped in the middle, or nobody was there to take it. */
export type BreakOff = 'broken' | 'client_gone';

/** Who is told how an attempt ended: exactly one of these, exactly once. */
export interface AttemptOwner {
  /** The answer was passed on whole. */
  onAnswered(run: Run, judge: AnswerJudge): void;
  /** Nothing was sent to the client yet. */
  onFailed(run: Run, judge: AnswerJudge, failure: UpstreamFailure): void;
  /** The answer broke off after its head, or the client went away. */
  onBrokenOff(run: Run, judge: AnswerJudge, detail: string, fault: BreakOff): void;
}

/**
 * One attempt to forward: passes what the application answers to the judge, and measures. An object with methods,
 * since closures made anew for every request cost more than all of them do.
 */
export class Attempt implements UpstreamEvents {
  private readonly upstream: UpstreamExchange;

  constructor(
    private readonly owner: AttemptOwner,
    private readonly run: Run,
    private readonly judge: AnswerJudge,
    private readonly lane: Lane,
  ) {
    this.upstream = new UpstreamExchange(run.response, this);
  }

  send(request: UpstreamRequest): void {
    this.run.exchange.upstreamStartedAt = performance.now();
    this.lane.inFlight++;
    this.upstream.send(this.lane.pool, request);
  }

  onReleased(): void {
    this.lane.inFlight--;
  }

  onHead(status: number, rawHeaders: Buffer[]): UpstreamAnswerHead | UpstreamFailure {
    const head = this.judge.judge(status, rawHeaders);
    if ('reason' in head) return head;
    const { id, answerHeaders } = this.run.exchange;
    head.headers.push('X-Request-Id', id);
    for (const field of answerHeaders) head.headers.push(field);
    return head;
  }

  onEnd(): void {
    this.measure();
    this.owner.onAnswered(this.run, this.judge);
  }

  onFailure(failure: UpstreamFailure): void {
    this.measure();
    this.owner.onFailed(this.run, this.judge, failure);
  }

  onBroken(detail: string): void {
    this.measure();
    this.owner.onBrokenOff(this.run, this.judge, detail, 'broken');
  }

  onClientGone(): void {
    this.measure();
    this.owner.onBrokenOff(this.run, this.judge, 'the client went away', 'client_gone');
  }

  private measure(): void {
    const { exchange } = this.run;
    const { status, requestBytes, responseBytes } = this.upstream;
    exchange.upstreamMs = performance.now() - exchange.upstreamStartedAt;
    exchange.status = status;
    exchange.requestBytes = requestBytes;
    exchange.responseBytes = responseBytes;
  }
}
