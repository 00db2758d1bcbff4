import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  createTraceState,
  trace,
} from '@opentelemetry/api';
import type { Context, Span, Tracer as OtelTracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { ReadableSpan, Sampler, SpanExporter } from '@opentelemetry/sdk-trace';
import type { TracingConfig } from '../config/tracing-config.js';
import type { TraceContext } from './trace-context.js';
import type { CarriedContext, RequestTrace, SpanAttributes, SpanListener, Tracer } from './tracer.js';

/** Spans beyond these are dropped: a collector that is away must not fill the memory. */
const MOST_WAITING = 2048;
const BATCH = 512;
const SEND_EVERY_MS = 1000;
const EXPORT_TIMEOUT_MS = 5000;
const LONGEST_SHUTDOWN_MS = 3000;
const EXPORT_OK = 0;

type Export = SpanExporter['export'];

/** Spans by OTLP over HTTP (JSON), in batches. Loaded only when tracing is on: see tracing.service.ts. */
export function createTracer(config: TracingConfig, version: string, listener: SpanListener): Tracer {
  const exporter = new OTLPTraceExporter({
    url: config.url,
    headers: { ...config.headers },
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const processor = new CountedProcessor(exporter, listener);
  const provider = new TracerProvider({
    sampler: samplerOf(config),
    spanProcessors: [processor],
    resource: resourceFromAttributes({
      'service.name': config.serviceName,
      'service.version': version,
      'service.instance.id': randomUUID(),
    }),
  });
  const tracer = provider.getTracer('restgate', version);
  return {
    begin: (name, at, parent) => new OtelRequestTrace(tracer, name, at, parent),
    shutdown: async () => {
      const abandon = new AbortController();
      const late = sleep(LONGEST_SHUTDOWN_MS, undefined, { signal: abandon.signal }).catch(onlyAborted);
      await Promise.race([provider.shutdown().catch((error: unknown) => lost(listener, error)), late]);
      abandon.abort();
    },
  };
}

function onlyAborted(error: unknown): void {
  if ((error as Error).name !== 'AbortError') throw error;
}

function lost(listener: SpanListener, error: unknown): void {
  listener('lost', 0, faultOf(error));
}

/** The address of the collector may hold a password: only the kind of fault is told. */
function faultOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: string | number; name?: string };
  return String(code ?? name ?? 'unknown');
}

/** Counts what comes in and what becomes of it. */
class CountedProcessor extends BatchSpanProcessor {
  constructor(
    exporter: SpanExporter,
    private readonly listener: SpanListener,
  ) {
    super({
      exporter: counted(exporter, listener),
      maxQueueSize: MOST_WAITING,
      maxExportBatchSize: BATCH,
      scheduledDelayMillis: SEND_EVERY_MS,
      exportTimeoutMillis: EXPORT_TIMEOUT_MS,
    });
  }

  override onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) this.listener('recorded', 1, undefined);
    super.onEnd(span);
  }
}

function counted(exporter: SpanExporter, listener: SpanListener): SpanExporter {
  const exportSpans: Export = (spans, done) =>
    exporter.export(spans, (result) => {
      if ((result.code as number) === EXPORT_OK) listener('sent', spans.length, undefined);
      else listener('lost', spans.length, faultOf(result.error));
      done(result);
    });
  return {
    export: exportSpans,
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}

function samplerOf({ sampler, samplerRatio }: TracingConfig): Sampler {
  const root = sampler.endsWith('always_off')
    ? new AlwaysOffSampler()
    : sampler.endsWith('traceidratio')
      ? new TraceIdRatioBasedSampler(samplerRatio)
      : new AlwaysOnSampler();
  return sampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

class OtelRequestTrace implements RequestTrace {
  private readonly context: Context;
  private readonly span: Span;
  private call: Span | undefined = undefined;

  constructor(
    private readonly tracer: OtelTracer,
    name: string,
    at: number,
    parent: TraceContext | undefined,
  ) {
    const around = parent ? trace.setSpanContext(ROOT_CONTEXT, remote(parent)) : ROOT_CONTEXT;
    this.span = tracer.startSpan(name, { kind: SpanKind.SERVER, startTime: at }, around);
    this.context = trace.setSpan(around, this.span);
  }

  beginCall(name: string, at: number, attributes: SpanAttributes): CarriedContext {
    this.call = this.tracer.startSpan(
      name,
      { kind: SpanKind.CLIENT, startTime: at, attributes },
      this.context,
    );
    const { traceId, spanId, traceFlags, traceState } = this.call.spanContext();
    const flags = (traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, '0');
    return { traceparent: `00-${traceId}-${spanId}-${flags}`, tracestate: traceState?.serialize() };
  }

  endCall(at: number, attributes: SpanAttributes, fault: string | undefined): void {
    if (this.call) finish(this.call, at, attributes, fault);
    this.call = undefined;
  }

  end(at: number, attributes: SpanAttributes, fault: string | undefined): void {
    this.endCall(at, {}, undefined);
    finish(this.span, at, attributes, fault);
  }
}

function finish(span: Span, at: number, attributes: SpanAttributes, fault: string | undefined): void {
  span.setAttributes(attributes);
  if (fault !== undefined) {
    span.setAttribute('error.type', fault);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(at);
}

function remote({
  traceId,
  spanId,
  sampled,
  state,
}: TraceContext): Parameters<typeof trace.setSpanContext>[1] {
  return {
    traceId,
    spanId,
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(state === undefined ? {} : { traceState: createTraceState(state) }),
  };
}
