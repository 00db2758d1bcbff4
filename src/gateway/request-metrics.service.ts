import { Inject, Injectable } from '@nestjs/common';
import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import { METRICS } from '../platform/metrics/metrics.js';

const SECONDS_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

type Bound = { readonly count: Counter.Internal; readonly duration: Histogram.Internal<string> };

/** Counts exchanges. Label sets are few and bound once: looking them up by name on every request costs more. */
@Injectable()
export class RequestMetrics {
  private readonly requests: Counter<'application' | 'decision' | 'reason'>;
  private readonly duration: Histogram<'application'>;
  private readonly bound = new Map<string, Bound>();

  constructor(@Inject(METRICS) registry: Registry) {
    this.requests = new Counter({
      name: 'restgate_requests_total',
      help: 'Proxied requests by application, decision and reason.',
      labelNames: ['application', 'decision', 'reason'],
      registers: [registry],
    });
    this.duration = new Histogram({
      name: 'restgate_request_duration_seconds',
      help: 'Time from the first byte of a proxied request to the end of its answer.',
      labelNames: ['application'],
      buckets: SECONDS_BUCKETS,
      registers: [registry],
    });
  }

  count(application: string, decision: string, reason: string, seconds: number): void {
    const key = `${application} ${decision} ${reason}`;
    let bound = this.bound.get(key);
    if (!bound) {
      bound = {
        count: this.requests.labels({ application, decision, reason }),
        duration: this.duration.labels({ application }),
      };
      this.bound.set(key, bound);
    }
    bound.count.inc();
    bound.duration.observe(seconds);
  }
}
