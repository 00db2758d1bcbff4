import type { WindowCount } from '../../lib/sliding-windows.js';
import { addRateHeaders } from './rate-limit.policy.js';
import type { LimitPolicy } from './rate-limit.policy.js';

/** How somebody with too many failures is refused. */
export interface FailureBlock {
  readonly retryAfterSeconds: number;
  /** Alternating names and values: the limit as rate-limit fields. Clients of Jira fail on a 429 without them. */
  readonly fields: readonly string[];
}

/** The refusal that follows from a count of failures; undefined while more are allowed. */
export function blockOf(policy: LimitPolicy, count: WindowCount): FailureBlock | undefined {
  if (count.allowed) return undefined;
  const fields: string[] = [];
  addRateHeaders(fields, policy, count);
  return { retryAfterSeconds: Math.max(1, Math.ceil(count.waitMs / 1000)), fields };
}
