import type { FailureBlock } from './failure-block.policy.js';

export { limitPolicy, limitsByGroup } from './rate-limit.policy.js';
export { blockOf } from './failure-block.policy.js';
export type { FailureBlock } from './failure-block.policy.js';

/** Failed authentications per address (IPv6 by /64): works whether or not rate limiting is switched on. */
export interface FailedAuthenticationsPort {
  /** How the address is refused, or undefined when it may go on. Memory only. */
  blocked(address: string): FailureBlock | undefined;
  /** Counts one failure of an address. */
  note(address: string, now: number): void;
}

export const FAILED_AUTHENTICATIONS = Symbol('FAILED_AUTHENTICATIONS');
