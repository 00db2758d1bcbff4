export { limitsByGroup } from './rate-limit.policy.js';

/** How somebody with too many failures is refused. */
export interface FailureBlock {
  readonly retryAfterSeconds: number;
  /** Alternating names and values: the limit as rate-limit fields. Clients of Jira fail on a 429 without them. */
  readonly fields: readonly string[];
}

/** Failed authentications per address (IPv6 by /64): works whether or not rate limiting is switched on. */
export interface FailedAuthenticationsPort {
  /** How the address is refused, or undefined when it may go on. Memory only. */
  blocked(address: string): FailureBlock | undefined;
  /** Counts one failure of an address. */
  note(address: string, now: number): void;
  /**
   * How everybody is refused who tries a password for this user of an application, or undefined. Wrong passwords
   * lock accounts behind a CAPTCHA; this keeps strangers from doing that to a user through the gateway.
   */
  passwordBlocked(application: string, username: string): FailureBlock | undefined;
  /** Counts one password that the application did not accept. */
  noteWrongPassword(application: string, username: string): void;
}

export const FAILED_AUTHENTICATIONS = Symbol('FAILED_AUTHENTICATIONS');
