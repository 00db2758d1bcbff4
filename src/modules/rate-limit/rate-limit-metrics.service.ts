import { Inject, Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import { METRICS } from '../../platform/metrics/metrics.js';
import type { LimitRule } from './rate-limit.policy.js';

/** How often limits were hit, by the kind of limit; who hit them is told by the usage list and the audit log. */
@Injectable()
export class RateLimitMetrics {
  private readonly limited: Counter<'reason'>;

  constructor(@Inject(METRICS) metrics: Registry) {
    this.limited = new Counter({
      name: 'restgate_rate_limited_total',
      help: 'Requests refused by the default limit, a group or token override, and addresses stopped for failed authentications.',
      labelNames: ['reason'],
      registers: [metrics],
    });
    for (const reason of ['default', 'group', 'token', 'failed-authentications'])
      this.limited.inc({ reason }, 0);
  }

  countRequest(rule: LimitRule): void {
    this.limited.inc({ reason: rule.name });
  }

  /** An address reached its limit of failed authentications. */
  countAddress(): void {
    this.limited.inc({ reason: 'failed-authentications' });
  }
}
