import type { TraceContext } from './trace-context.js';

export type SpanOutcome = 'recorded' | 'sent' | 'lost';

/** Told of every batch; `fault` says why the collector did not take it. */
export type SpanListener = (outcome: SpanOutcome, count: number, fault: string | undefined) => void;

export type SpanAttributes = Readonly<Record<string, string | number | undefined>>;

/** What an upstream request carries, so that the application's spans become children of ours. */
export interface CarriedContext {
  readonly traceparent: string;
  readonly tracestate: string | undefined;
}

/** The spans of one proxied request. Times are epoch milliseconds. Nothing here throws or waits. */
export interface RequestTrace {
  /** Begins the span of one attempt to call the application. */
  beginCall(name: string, at: number, attributes: SpanAttributes): CarriedContext;
  /** Ends the open call, if there is one. `fault` marks it as failed. */
  endCall(at: number, attributes: SpanAttributes, fault: string | undefined): void;
  /** Ends the request's own span, and a call that is still open with it. */
  end(at: number, attributes: SpanAttributes, fault: string | undefined): void;
}

/** Makes and exports spans. */
export interface Tracer {
  begin(name: string, at: number, parent: TraceContext | undefined): RequestTrace;
  /** Sends what waits, for a bounded time. */
  shutdown(): Promise<void>;
}
