import { Inject, Injectable } from '@nestjs/common';
import { monotonicMs } from '../../lib/clock.js';
import { SlidingWindows } from '../../lib/sliding-windows.js';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { addressKey } from './address-key.policy.js';
import { blockOf } from './failure-block.policy.js';
import type { FailureBlock } from './failure-block.policy.js';
import { RATE_LIMITS } from './rate-limit.policy.js';
import type { LimitPolicy } from './rate-limit.policy.js';
import type { FailedAuthenticationsPort } from './rate-limit.port.js';
import { RateLimitMetrics } from './rate-limit-metrics.service.js';

const MOST_ADDRESSES = 200_000;
const MOST_FAILURES = 2_000_000;

/**
 * Failed authentications of the last minute by address, on this node. An address that has reached the limit waits
 * until its oldest failure is a minute old. Measured on a clock that the wall clock does not move, so the times that
 * callers pass are not needed.
 */
@Injectable()
export class FailedAuthentications implements FailedAuthenticationsPort {
  private readonly failures = new SlidingWindows(MOST_ADDRESSES, MOST_FAILURES);

  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    private readonly metrics: RateLimitMetrics,
  ) {}

  blocked(address: string): FailureBlock | undefined {
    if (this.failures.size === 0) return undefined;
    const policy = this.policy();
    const key = addressKey(address);
    return blockOf(policy, this.failures.peek(key, monotonicMs(), policy.windowMs, policy.limit));
  }

  note(address: string): void {
    const { windowMs, limit } = this.policy();
    const { allowed, used } = this.failures.hit(addressKey(address), monotonicMs(), windowMs, limit);
    if (allowed && used === limit) this.metrics.countAddress();
  }

  private policy(): LimitPolicy {
    return RATE_LIMITS.of(this.changeFeed.current).failures;
  }
}
