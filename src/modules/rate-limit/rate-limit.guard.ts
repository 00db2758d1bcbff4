import { Inject, Injectable } from '@nestjs/common';
import type { WindowCount } from '../../lib/sliding-windows.js';
import type { Exchange, Principal, StepResult } from '../decisions/exchange.port.js';
import { deny, PipelineGuard } from '../decisions/pipeline.port.js';
import { addRateHeaders, counterKey, RATE_LIMITS, ruleFor } from './rate-limit.policy.js';
import type { LimitRule } from './rate-limit.policy.js';
import { RATE_LIMIT_STORAGE } from './rate-limit-storage.port.js';
import type { RateLimitStorage } from './rate-limit-storage.port.js';
import { RateLimitUsage } from './rate-limit-usage.service.js';

/** Step 10: how often. A dry run sees how the count stands and counts nothing. */
@Injectable()
export class RateLimitGuard extends PipelineGuard {
  readonly step = 'rate-limit';

  constructor(
    @Inject(RATE_LIMIT_STORAGE) private readonly storage: RateLimitStorage,
    private readonly usage: RateLimitUsage,
  ) {
    super();
  }

  decide(exchange: Exchange): StepResult | Promise<StepResult> {
    const limits = RATE_LIMITS.of(exchange.snapshot);
    if (!limits.enabled || !limits.kinds.has(exchange.credential.kind)) return undefined;
    const { principal } = exchange;
    if (!principal) throw new Error('The rate-limit step was reached without a principal.');
    const rule = ruleFor(limits, principal);
    const key = counterKey(principal);
    const count = exchange.dryRun
      ? this.storage.peek(key, rule.windowMs, rule.limit)
      : this.storage.hit(key, rule.windowMs, rule.limit);
    if (count instanceof Promise) return count.then((known) => this.judge(exchange, principal, rule, known));
    return this.judge(exchange, principal, rule, count);
  }

  private judge(exchange: Exchange, principal: Principal, rule: LimitRule, count: WindowCount): StepResult {
    addRateHeaders(exchange.answerHeaders, rule, count);
    if (!exchange.dryRun) this.usage.note(principal, rule, count, exchange.time);
    if (count.allowed) return undefined;
    return deny('rate_limited', {
      detail: `The ${rule.name} limit is ${count.limit} requests in ${rule.windowSeconds} s.`,
      retryAfterSeconds: Math.max(1, Math.ceil(count.waitMs / 1000)),
    });
  }
}
