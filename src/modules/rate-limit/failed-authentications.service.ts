import { Inject, Injectable } from '@nestjs/common';
import { monotonicMs } from '../../lib/clock.js';
import { SlidingWindows } from '../../lib/sliding-windows.js';
import type { WindowCount } from '../../lib/sliding-windows.js';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { addressKey } from './address-key.policy.js';
import { addRateHeaders, limitPolicy, RATE_LIMITS } from './rate-limit.policy.js';
import type { LimitPolicy } from './rate-limit.policy.js';
import type { FailedAuthenticationsPort, FailureBlock } from './rate-limit.port.js';
import { RateLimitMetrics } from './rate-limit-metrics.service.js';

const MOST_ADDRESSES = 200_000;
const MOST_FAILURES = 2_000_000;
const WRONG_PASSWORDS = 2;
/** Jira shows a CAPTCHA after three wrong passwords. */
const PASSWORDS = limitPolicy('wrong-passwords', WRONG_PASSWORDS, { value: 5, unit: 'minute' });
const MOST_USERS = 50_000;

/**
 * Failed authentications of the last minute by address, and wrong passwords of the last five by user, on this
 * node. An address that has reached the limit waits until its oldest failure is a minute old. Measured on a clock
 * that the wall clock does not move, so the times that callers pass are not needed.
 */
@Injectable()
export class FailedAuthentications implements FailedAuthenticationsPort {
  private readonly failures = new SlidingWindows(MOST_ADDRESSES, MOST_FAILURES);
  private readonly passwords = new SlidingWindows(MOST_USERS, MOST_USERS * WRONG_PASSWORDS);

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

  passwordBlocked(application: string, username: string): FailureBlock | undefined {
    if (this.passwords.size === 0) return undefined;
    const key = passwordKey(application, username);
    const { windowMs, limit } = PASSWORDS;
    return blockOf(PASSWORDS, this.passwords.peek(key, monotonicMs(), windowMs, limit));
  }

  noteWrongPassword(application: string, username: string): void {
    const { windowMs, limit } = PASSWORDS;
    this.passwords.hit(passwordKey(application, username), monotonicMs(), windowMs, limit);
  }

  private policy(): LimitPolicy {
    return RATE_LIMITS.of(this.changeFeed.current).failures;
  }
}

function blockOf(policy: LimitPolicy, count: WindowCount): FailureBlock | undefined {
  if (count.allowed) return undefined;
  const fields: string[] = [];
  addRateHeaders(fields, policy, count);
  return { retryAfterSeconds: Math.max(1, Math.ceil(count.waitMs / 1000)), fields };
}

function passwordKey(application: string, username: string): string {
  return `${application} ${username.normalize('NFC').toLowerCase().slice(0, 255)}`;
}
