import { Inject, Injectable } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { reasonOf } from '../lib/reasons.js';
import type { ReasonCode } from '../lib/reasons.js';
import { AUDIT } from '../modules/audit/audit.port.js';
import type { AuditEvent, AuditPort } from '../modules/audit/audit.port.js';
import type { Denial } from '../modules/decisions/exchange.port.js';
import { deny } from '../modules/decisions/pipeline.port.js';
import { GLOBAL_SETTINGS } from '../modules/global-settings/global-settings.port.js';
import { FAILED_AUTHENTICATIONS } from '../modules/rate-limit/rate-limit.port.js';
import type { FailedAuthenticationsPort } from '../modules/rate-limit/rate-limit.port.js';
import { DatabaseUnavailableError } from '../platform/database/database.errors.js';
import { LOGGER } from '../platform/logging/logger.js';
import type { Logger } from '../platform/logging/logger.js';
import { answerFor, answerShape, sendError } from './error-answer.js';
import type { AnswerShape } from './error-answer.js';
import type { GatewayExchange } from './exchange.js';
import { FormTooLargeError } from './form-body.js';
import { RequestMetrics } from './request-metrics.service.js';
import { RequestTraces } from './request-traces.service.js';

/** Denials that mean: a credential was presented and is bad. They count against the address. */
const FAILED_AUTHENTICATION: ReadonlySet<ReasonCode> = new Set([
  'token_unknown',
  'token_expired',
  'token_revoked',
  'token_malformed',
  'token_owner_mismatch',
  'token_audience',
  'token_type_rejected',
  'token_binding_required',
  'oauth_token_rejected',
  'pat_rejected',
  'unsupported_credential',
]);

/** Step 12: the end of every exchange, however it ended: the answer to a denial, the audit event, metrics. */
@Injectable()
export class ExchangeRecorder {
  constructor(
    @Inject(AUDIT) private readonly audit: AuditPort,
    @Inject(FAILED_AUTHENTICATIONS) private readonly failures: FailedAuthenticationsPort,
    @Inject(LOGGER) private readonly log: Logger,
    private readonly metrics: RequestMetrics,
    private readonly traces: RequestTraces,
  ) {}

  /** Answers a refused exchange and records it. */
  deny(exchange: GatewayExchange, response: ServerResponse, denial: Denial): void {
    if (exchange.finished) return;
    exchange.decision = denial;
    const shape = answerShape(exchange.application, exchange.policyPath);
    const answer = answerFor(denial, exchange.id, this.offersBasic(exchange, shape));
    exchange.status = answer.status;
    exchange.responseBytes = sendError(response, shape, answer, exchange.answerHeaders);
    if (FAILED_AUTHENTICATION.has(denial.reason)) this.failures.note(exchange.clientIp, exchange.time);
    const level = reasonOf(denial.reason).level;
    if (level !== 'info' && level !== 'debug') {
      this.log[level](
        {
          requestId: exchange.id,
          reason: denial.reason,
          detail: denial.detail,
          application: exchange.application?.key,
        },
        'request refused',
      );
    }
    this.record(exchange, 'denied', denial.reason, denial.detail);
  }

  /** Something threw: the request is refused with 503, never anonymous. Never throws itself. */
  fail(exchange: GatewayExchange, response: ServerResponse, error: unknown): void {
    if (exchange.finished) {
      this.log.error({ err: error, requestId: exchange.id }, 'a request failed after its end');
      return;
    }
    try {
      this.answerFailure(exchange, response, error);
    } catch (fault) {
      this.log.error({ err: fault, requestId: exchange.id }, 'a failed request could not be answered');
      response.destroy();
      this.recordUnanswered(exchange);
    }
  }

  /** The connection ends without an answer of ours, so the event has no status. Never throws. */
  private recordUnanswered(exchange: GatewayExchange): void {
    try {
      exchange.status = 0;
      this.record(exchange, 'denied', 'internal_error', 'the answer failed');
    } catch (fault) {
      this.log.error({ err: fault, requestId: exchange.id }, 'a failed request could not be recorded');
    }
  }

  private answerFailure(exchange: GatewayExchange, response: ServerResponse, error: unknown): void {
    if (error instanceof FormTooLargeError) {
      this.deny(exchange, response, deny('malformed_request', { detail: error.message, status: 413 }));
      return;
    }
    if (response.destroyed && !response.headersSent) {
      this.broken(exchange, 'the client went away');
      return;
    }
    this.log.error(
      { err: error, requestId: exchange.id, application: exchange.application?.key },
      'deciding a request failed',
    );
    const reason: ReasonCode =
      error instanceof DatabaseUnavailableError ? 'database_unavailable' : 'internal_error';
    this.deny(
      exchange,
      response,
      deny(reason, { detail: error instanceof Error ? error.name : 'unknown error' }),
    );
  }

  /** The answer was passed on whole. */
  finish(exchange: GatewayExchange, loginFailed: boolean): void {
    if (loginFailed) this.noteFailedLogin(exchange);
    this.record(exchange, this.kindOf(exchange), undefined, undefined);
  }

  /** The application refused the caller's own password: it counts against the address and for the user. */
  noteFailedLogin(exchange: GatewayExchange): void {
    this.failures.note(exchange.clientIp, exchange.time);
    exchange.passwordAttempt?.failed();
  }

  /** The exchange broke off: the client left, or the application stopped in the middle of its answer. */
  broken(exchange: GatewayExchange, detail: string): void {
    exchange.passwordAttempt?.abandoned(exchange.upstreamStartedAt > 0);
    this.record(exchange, this.kindOf(exchange), undefined, detail);
  }

  private kindOf(exchange: GatewayExchange): AuditEvent['decision'] {
    return exchange.decision?.verdict === 'forward' ? exchange.decision.kind : 'denied';
  }

  /** Git can send an API token in no other form than as a password. */
  private offersBasic(exchange: GatewayExchange, shape: AnswerShape): boolean {
    return (
      shape === 'git' ||
      shape === 'git-lfs' ||
      !GLOBAL_SETTINGS.of(exchange.snapshot).basicAuthenticationDisabled
    );
  }

  private record(
    exchange: GatewayExchange,
    decision: AuditEvent['decision'],
    reason: ReasonCode | undefined,
    detail: string | undefined,
  ): void {
    if (exchange.finished) return;
    exchange.finished = true;
    exchange.passwordAttempt?.abandoned(false);
    const application = exchange.application?.key;
    const durationMs = performance.now() - exchange.startedAt;
    this.metrics.count(application ?? '', decision, reason ?? '', durationMs / 1000);
    this.traces.end(exchange, decision, reason, durationMs);
    // Pages and static files of the web UI are not REST calls; only refusals of them are kept.
    if (!exchange.api && decision === 'passed-through') return;
    if (!this.audit.recordsRequests) return;
    this.audit.record(eventOf(exchange, decision, reason, detail, durationMs));
  }
}

function eventOf(
  exchange: GatewayExchange,
  decision: AuditEvent['decision'],
  reason: ReasonCode | undefined,
  detail: string | undefined,
  durationMs: number,
): AuditEvent {
  const { head, principal, credential } = exchange;
  const { decision: decided } = exchange;
  const reference = principal?.credential ?? (decided?.verdict === 'deny' ? decided.reference : undefined);
  return {
    id: exchange.eventId,
    time: exchange.time,
    requestId: exchange.id,
    category: 'request',
    decision,
    reason,
    detail,
    application: exchange.application?.key,
    method: head.method,
    path: exchange.policyPath === '' ? head.path : exchange.policyPath,
    query: head.query,
    status: exchange.status === 0 ? undefined : exchange.status,
    user: principal?.username,
    credentialKind: credential.kind,
    credentialId: reference?.id,
    credentialName: reference?.name,
    credentialProvider: reference?.provider,
    clientIp: exchange.clientIp,
    peerIp: exchange.peerIp,
    userAgent: head.userAgent,
    durationMs,
    upstreamMs: exchange.upstreamMs,
    requestBytes: exchange.requestBytes,
    responseBytes: exchange.responseBytes,
    wouldDeny: exchange.wouldDeny,
    configVersion: exchange.snapshot.version,
  };
}
