import type { ThrottlerStorage } from '@nestjs/throttler';
import type { WindowCount } from '../../lib/sliding-windows.js';

type ThrottlerRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/** A count in the words of @nestjs/throttler: times in whole seconds, more hits than the limit when blocked. */
export function throttlerRecord(count: WindowCount): ThrottlerRecord {
  const seconds = Math.ceil(count.waitMs / 1000);
  return {
    totalHits: count.allowed ? count.used : count.limit + 1,
    timeToExpire: seconds,
    isBlocked: !count.allowed,
    timeToBlockExpire: count.allowed ? 0 : seconds,
  };
}
