/** Failed authentications per address (IPv6 by /64): works whether or not rate limiting is switched on. */
export interface FailedAuthenticationsPort {
  /** Seconds that the address has to wait, or 0 when it may go on. Memory only. */
  blockedFor(address: string, now: number): number;
  /** Counts one failure of an address. */
  note(address: string, now: number): void;
}

export const FAILED_AUTHENTICATIONS = Symbol('FAILED_AUTHENTICATIONS');
