import { Inject, Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import { DurationHistogram } from '../platform/metrics/duration-histogram.js';
import type { DurationSeries } from '../platform/metrics/duration-histogram.js';
import { METRICS } from '../platform/metrics/metrics.js';

const SECONDS_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

interface Outcome {
  readonly labels: { readonly application: string; readonly decision: string; readonly reason: string };
  count: number;
}

interface Figures {
  readonly durations: DurationSeries;
  /** By decision, or by reason where a request was refused. Both are closed lists. */
  readonly outcomes: Map<string, Outcome>;
}

/** Counts exchanges: additions in memory for each request, figures for Prometheus when it asks. */
@Injectable()
export class RequestMetrics {
  private readonly duration: DurationHistogram;
  private readonly byApplication = new Map<string, Figures>();

  constructor(@Inject(METRICS) registry: Registry) {
    const outcomes = (): Outcome[] =>
      [...this.byApplication.values()].flatMap((figures) => [...figures.outcomes.values()]);
    new Counter({
      name: 'restgate_requests_total',
      help: 'Proxied requests by application, decision and reason.',
      labelNames: ['application', 'decision', 'reason'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels, count } of outcomes()) this.inc(labels, count);
      },
    });
    this.duration = new DurationHistogram(
      'restgate_request_duration_seconds',
      'Time from the first byte of a proxied request to the end of its answer.',
      'application',
      SECONDS_BUCKETS,
      registry,
    );
  }

  count(application: string, decision: string, reason: string, seconds: number): void {
    let figures = this.byApplication.get(application);
    if (!figures) {
      figures = { durations: this.duration.of(application), outcomes: new Map() };
      this.byApplication.set(application, figures);
    }
    const key = reason === '' ? decision : reason;
    let outcome = figures.outcomes.get(key);
    if (!outcome) {
      outcome = { labels: { application, decision, reason }, count: 0 };
      figures.outcomes.set(key, outcome);
    }
    outcome.count += 1;
    figures.durations.observe(seconds);
  }
}
