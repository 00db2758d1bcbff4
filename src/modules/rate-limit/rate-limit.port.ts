/** Failed authentications per address (IPv6 by /64): works whether or not rate limiting is switched on. */
export interface FailedAuthenticationsPort {
  /** Seconds that the address has to wait, or 0 when it may go on. Memory only. */
  blockedFor(address: string, now: number): number;
  /** Counts one failure of an address. */
  note(address: string, now: number): void;
  /**
   * Seconds that nobody may try a password for this user of an application, or 0. Wrong passwords lock accounts
   * behind a CAPTCHA; this keeps strangers from doing that to a user through the gateway.
   */
  passwordBlockedFor(application: string, username: string): number;
  /** Counts one password that the application did not accept. */
  noteWrongPassword(application: string, username: string): void;
}

export const FAILED_AUTHENTICATIONS = Symbol('FAILED_AUTHENTICATIONS');
