import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import { CONFIG } from '../config/config.js';
import type { Config } from '../config/config.js';
import { LOGGER } from '../logging/logger.js';
import type { Logger } from '../logging/logger.js';
import { METRICS } from '../metrics/metrics.js';
import type { SpanOutcome, Tracer } from './tracer.js';

const WARN_EVERY_MS = 60_000;

/**
 * Tracing, off unless the configuration names a collector. The OpenTelemetry libraries are loaded only then, so
 * that those who do not trace pay neither memory nor start time for them.
 */
@Injectable()
export class Tracing implements OnModuleInit, OnApplicationShutdown {
  /** Undefined when tracing is off. Hot path: this one property is all that is looked at. */
  tracer: Tracer | undefined = undefined;
  private readonly spans: Counter<'outcome'>;
  private warnedAt = -Infinity;

  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'tracing' | 'version'>,
    @Inject(LOGGER) private readonly log: Pick<Logger, 'warn'>,
    @Inject(METRICS) registry: Registry,
  ) {
    this.spans = new Counter({
      name: 'restgate_trace_spans_total',
      help: 'Spans that ended (recorded), that the collector took (sent), and that it did not take (lost). What is missing waits, or was dropped by the full queue.',
      labelNames: ['outcome'],
      registers: [registry],
    });
  }

  async onModuleInit(): Promise<void> {
    const { tracing, version } = this.config;
    if (!tracing) return;
    const { createTracer } = await import('./otlp-tracer.js');
    this.tracer = createTracer(tracing, version, (outcome, count, fault) => this.note(outcome, count, fault));
  }

  /** Sends what waits; a collector that is away holds the shutdown up for a few seconds at most. */
  async onApplicationShutdown(): Promise<void> {
    await this.tracer?.shutdown();
  }

  private note(outcome: SpanOutcome, count: number, fault: string | undefined): void {
    this.spans.inc({ outcome }, count);
    if (fault === undefined || performance.now() - this.warnedAt < WARN_EVERY_MS) return;
    this.warnedAt = performance.now();
    this.log.warn(
      { spans: count, fault },
      'the trace collector did not take spans; requests are not affected',
    );
  }
}
