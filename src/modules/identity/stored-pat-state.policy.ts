/** What is known of a stored personal access token besides the token itself. */
export interface StoredPatState {
  /** Absent: never, or not known. */
  readonly expiresAt?: Date;
  /** Since when the application does not accept it. */
  readonly refusedAt?: Date;
}

export type StoredPatStatus = 'active' | 'expiring' | 'expired' | 'refused';

export const DAY_MS = 86_400_000;
/** Days before its end at which the owner is told of it, largest first. */
export const WARNING_DAYS = [30, 7, 1] as const;
/** Where Restgate may renew a token, it does so this long before its end. */
export const RENEW_BEFORE_MS = 7 * DAY_MS;
const LONGEST_LIFETIME_DAYS = 366;

/** How a stored token is. A refused one is never sent again: some applications answer it as anonymous. */
export function statusOf({ expiresAt, refusedAt }: StoredPatState, now: number): StoredPatStatus {
  if (refusedAt) return 'refused';
  if (!expiresAt) return 'active';
  const left = expiresAt.getTime() - now;
  if (left <= 0) return 'expired';
  return left <= WARNING_DAYS[0] * DAY_MS ? 'expiring' : 'active';
}

/** What the owner is told, or undefined when all is well. */
export function warningOf(state: StoredPatState, now: number): string | undefined {
  switch (statusOf(state, now)) {
    case 'refused':
      return 'The application no longer accepts the stored personal access token: store a new one.';
    case 'expired':
      return 'The stored personal access token has expired: store a new one.';
    case 'expiring': {
      const days = daysLeft(state.expiresAt as Date, now);
      return `The stored personal access token expires in ${days} ${days === 1 ? 'day' : 'days'}: store a new one before.`;
    }
    case 'active':
      return undefined;
  }
}

export function daysLeft(expiresAt: Date, now: number): number {
  return Math.ceil((expiresAt.getTime() - now) / DAY_MS);
}

/**
 * The threshold (30, 7 or 1 days) that is due to be told and was not yet; undefined: none. A token that never
 * had that long to live is not announced at its birth.
 */
export function dueWarning(
  pat: { readonly expiresAt: Date | null; readonly warnedDays: number | null; readonly issuedAt: Date },
  now: number,
): number | undefined {
  if (!pat.expiresAt || pat.expiresAt.getTime() <= now) return undefined;
  const lifetime = pat.expiresAt.getTime() - pat.issuedAt.getTime();
  const left = pat.expiresAt.getTime() - now;
  const due = WARNING_DAYS.findLast((days) => left <= days * DAY_MS && lifetime > days * DAY_MS);
  return due !== undefined && (pat.warnedDays === null || pat.warnedDays > due) ? due : undefined;
}

/** For how many days a renewed token is made: as long as the one before, never longer. */
export function renewedLifetimeDays(issuedAt: Date, expiresAt: Date): number {
  const days = Math.round((expiresAt.getTime() - issuedAt.getTime()) / DAY_MS);
  return Math.min(Math.max(1, days), LONGEST_LIFETIME_DAYS);
}
