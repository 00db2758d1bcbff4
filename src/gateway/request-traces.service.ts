import { Injectable } from '@nestjs/common';
import type { ReasonCode } from '../lib/reasons.js';
import type { AuditEvent } from '../modules/audit/audit.port.js';
import { readTraceContext } from '../platform/tracing/trace-context.js';
import type { RequestTrace, Tracer } from '../platform/tracing/tracer.js';
import { Tracing } from '../platform/tracing/tracing.service.js';
import type { GatewayExchange } from './exchange.js';

/**
 * The spans of proxied requests. They hold what the metrics hold and the request id, by which the audit log tells
 * the rest: no path, no query, no user, no address of a caller, no credential.
 */
@Injectable()
export class RequestTraces {
  constructor(private readonly tracing: Tracing) {}

  /**
   * Adds the trace context to an upstream request. Without tracing the caller's goes on as it came, if it is
   * well-formed; with tracing ours replaces it, as a child of the caller's.
   */
  propagate(exchange: GatewayExchange, headers: string[]): void {
    const { tracer } = this.tracing;
    const { traceparent, tracestate } = exchange.head;
    if (tracer) {
      const carried = begun(tracer, exchange).beginCall(nameOf(exchange), now(exchange), {
        'http.request.method': exchange.head.method,
        'restgate.application': exchange.application?.key,
        'server.address': exchange.application?.host,
      });
      push(headers, carried.traceparent, carried.tracestate);
    } else if (traceparent !== undefined) {
      const context = readTraceContext(traceparent, tracestate);
      if (context) push(headers, traceparent, context.state);
    }
  }

  /** Ends the span of the call to the application. */
  endCall(exchange: GatewayExchange, fault: string | undefined): void {
    if (!exchange.trace) return;
    const { status } = exchange;
    const attributes = status === 0 ? {} : { 'http.response.status_code': status };
    // For a client span every 4xx and 5xx is a failure, by the conventions for HTTP spans.
    exchange.trace.endCall(now(exchange), attributes, fault ?? (status >= 400 ? String(status) : undefined));
  }

  /** Ends the request's own span; it says what was decided, and why. */
  end(
    exchange: GatewayExchange,
    decision: AuditEvent['decision'],
    reason: ReasonCode | undefined,
    durationMs: number,
  ): void {
    const { tracer } = this.tracing;
    if (!tracer || exchange.dryRun) return;
    const { head, status } = exchange;
    const fault = status >= 500 ? (reason ?? String(status)) : undefined;
    begun(tracer, exchange).end(
      exchange.time + durationMs,
      {
        'http.request.method': head.method,
        'http.response.status_code': status === 0 ? undefined : status,
        'network.protocol.version': head.httpVersion,
        'restgate.request_id': exchange.id,
        'restgate.application': exchange.application?.key,
        'restgate.decision': decision,
        'restgate.reason': reason,
        'restgate.credential': exchange.credential.kind,
        'restgate.classification': exchange.classification,
      },
      fault,
    );
  }
}

function begun(tracer: Tracer, exchange: GatewayExchange): RequestTrace {
  const { traceparent, tracestate } = exchange.head;
  exchange.trace ??= tracer.begin(nameOf(exchange), exchange.time, readTraceContext(traceparent, tracestate));
  return exchange.trace;
}

/** Few different names, as the conventions ask: never the path. */
function nameOf({ head, application }: GatewayExchange): string {
  return application ? `${head.method} ${application.key}` : head.method;
}

/** Epoch milliseconds with their fraction, on the clock that the duration is measured with. */
function now(exchange: GatewayExchange): number {
  return exchange.time + performance.now() - exchange.startedAt;
}

function push(headers: string[], traceparent: string, tracestate: string | undefined): void {
  headers.push('traceparent', traceparent);
  if (tracestate !== undefined && tracestate !== '') headers.push('tracestate', tracestate);
}
