import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import { monotonicMs } from '../../lib/clock.js';
import { SlidingWindows } from '../../lib/sliding-windows.js';
import type { WindowCount } from '../../lib/sliding-windows.js';
import type { RateLimitStorage } from './rate-limit-storage.port.js';
import { throttlerRecord } from './throttler-record.policy.js';

/** About 200 MB when full. */
export const MOST_KEYS = 1_000_000;
export const MOST_ENTRIES = 4_000_000;

/** Counts in this process, on a clock that no change of the wall clock moves. */
@Injectable()
export class InProcessStorage implements RateLimitStorage {
  private readonly windows = new SlidingWindows(MOST_KEYS, MOST_ENTRIES);

  hit(key: string, windowMs: number, limit: number): WindowCount {
    return this.windows.hit(key, monotonicMs(), windowMs, limit);
  }

  peek(key: string, windowMs: number, limit: number): WindowCount {
    return this.windows.peek(key, monotonicMs(), windowMs, limit);
  }

  /** For Nest's throttler guard. The window itself says how long a caller is blocked. */
  increment(
    ...[key, ttl, limit, , name]: Parameters<ThrottlerStorage['increment']>
  ): ReturnType<ThrottlerStorage['increment']> {
    return Promise.resolve(throttlerRecord(this.hit(`${name}:${key}`, ttl, limit)));
  }
}
