import type { FieldFault } from '../../platform/http/problem.js';
import type { TokenSettings } from './token-settings.port.js';

export const DAY_MS = 86_400_000;
/** A client that computes "now + maximum" by its own clock is not refused for a few seconds. */
const CLOCK_TOLERANCE_MS = 60_000;

/** What a caller asked for. null: never; both absent: the default lifetime. */
export interface LifetimeRequest {
  readonly expiresAt?: string | null;
  readonly expiresInDays?: number | null;
}

export type Lifetime = { readonly expiresAt: number | null } | { readonly fault: FieldFault };

type LifetimeRules = Pick<TokenSettings, 'maxLifetimeDays' | 'defaultLifetimeDays'>;

/**
 * When a new token expires (epoch ms; null: never), or the fault of what was asked for. Never later than the
 * maximum lifetime, when there is one.
 */
export function decideLifetime(request: LifetimeRequest, rules: LifetimeRules, now: number): Lifetime {
  const { expiresAt, expiresInDays } = request;
  if (expiresAt !== undefined && expiresInDays !== undefined) {
    return fault('expiresInDays', 'give either expiresAt or expiresInDays, not both');
  }
  if (expiresAt === undefined && expiresInDays === undefined) {
    const days = Math.min(rules.defaultLifetimeDays, rules.maxLifetimeDays ?? Infinity);
    return { expiresAt: now + days * DAY_MS };
  }
  const field = expiresAt === undefined ? 'expiresInDays' : 'expiresAt';
  if (expiresAt === null || expiresInDays === null) return never(field, rules);
  const asked = expiresAt === undefined ? now + Number(expiresInDays) * DAY_MS : Date.parse(expiresAt);
  return checked(field, asked, rules, now);
}

/** The same lifetime again, counted from now, as far as today's rules allow: what a rotation gives. */
export function renewLifetime(lifetimeMs: number | null, rules: LifetimeRules, now: number): number | null {
  if (rules.maxLifetimeDays === null) return lifetimeMs === null ? null : now + lifetimeMs;
  return now + Math.min(lifetimeMs ?? Infinity, rules.maxLifetimeDays * DAY_MS);
}

function never(field: string, rules: LifetimeRules): Lifetime {
  if (rules.maxLifetimeDays === null) return { expiresAt: null };
  return fault(field, `a token must expire within ${rules.maxLifetimeDays} days`);
}

function checked(field: string, asked: number, rules: LifetimeRules, now: number): Lifetime {
  if (Number.isNaN(asked)) return fault(field, 'must be an ISO 8601 time');
  if (asked <= now) return fault(field, 'must be in the future');
  if (rules.maxLifetimeDays === null) return { expiresAt: asked };
  const latest = now + rules.maxLifetimeDays * DAY_MS;
  if (asked > latest + CLOCK_TOLERANCE_MS) {
    return fault(field, `a token must expire within ${rules.maxLifetimeDays} days`);
  }
  return { expiresAt: Math.min(asked, latest) };
}

function fault(field: string, message: string): Lifetime {
  return { fault: { field, message } };
}

/** True when a token was given a longer life than the maximum of today. */
export function livesTooLong(begun: Date, expiresAt: Date | null, maxLifetimeDays: number | null): boolean {
  if (maxLifetimeDays === null) return false;
  if (!expiresAt) return true;
  return expiresAt.getTime() - begun.getTime() > maxLifetimeDays * DAY_MS + CLOCK_TOLERANCE_MS;
}
