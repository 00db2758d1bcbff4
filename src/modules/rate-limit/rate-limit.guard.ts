import { Inject, Injectable } from '@nestjs/common';
import type { WindowCount } from '../../lib/sliding-windows.js';
import type { Exchange, StepResult } from '../decisions/exchange.port.js';
import { deny, PipelineGuard } from '../decisions/pipeline.port.js';
import {
  addRateHeaders,
  callerOf,
  counterKey,
  isAnonymous,
  RATE_LIMITS,
  ruleFor,
} from './rate-limit.policy.js';
import type { LimitedCaller, LimitRule } from './rate-limit.policy.js';
import { RATE_LIMIT_STORAGE } from './rate-limit-storage.port.js';
import type { RateLimitStorage } from './rate-limit-storage.port.js';
import { RateLimitUsage } from './rate-limit-usage.service.js';

const HINT_FOR_NOBODY = 'Wait as long as Retry-After says, or send a token: calls without one share a limit.';

/**
 * Step 10: how often. It counts who came through all steps before it, and who was let through without a credential;
 * what is forwarded for the application to decide about (bypassed, session, passed through) is not counted. A dry
 * run sees how the count stands and counts nothing.
 */
@Injectable()
export class RateLimitGuard extends PipelineGuard {
  readonly step = 'rate-limit';
  override readonly alsoJudges = 'anonymous';

  constructor(
    @Inject(RATE_LIMIT_STORAGE) private readonly storage: RateLimitStorage,
    private readonly usage: RateLimitUsage,
  ) {
    super();
  }

  decide(exchange: Exchange): StepResult | Promise<StepResult> {
    const limits = RATE_LIMITS.of(exchange.snapshot);
    if (!limits.enabled || !limits.kinds.has(exchange.credential.kind)) return undefined;
    const caller = callerOf(exchange);
    const rule = ruleFor(limits, caller);
    const key = counterKey(caller);
    const count = exchange.dryRun
      ? this.storage.peek(key, rule.windowMs, rule.limit)
      : this.storage.hit(key, rule.windowMs, rule.limit);
    if (count instanceof Promise) return count.then((known) => this.judge(exchange, caller, rule, known));
    return this.judge(exchange, caller, rule, count);
  }

  private judge(exchange: Exchange, caller: LimitedCaller, rule: LimitRule, count: WindowCount): StepResult {
    addRateHeaders(exchange.answerHeaders, rule, count);
    if (!exchange.dryRun) this.usage.note(caller, rule, count, exchange.time);
    if (count.allowed) return undefined;
    return deny('rate_limited', {
      detail: `The ${rule.name} limit is ${count.limit} requests in ${rule.windowSeconds} s.`,
      retryAfterSeconds: Math.max(1, Math.ceil(count.waitMs / 1000)),
      hint: isAnonymous(caller) ? HINT_FOR_NOBODY : undefined,
    });
  }
}
