import type { CredentialKind } from '../decisions/exchange.port.js';
import type { FieldFault } from '../../platform/http/problem.js';

export const RATE_LIMIT_KEY = 'rate-limit';
export const WINDOW_UNITS = ['second', 'minute', 'hour', 'day'] as const;
export const LIMITED_KINDS = ['api-token', 'oauth', 'pat', 'basic', 'oauth1', 'session', 'none'] as const;
export const MOST_OVERRIDES = 500;
export const MOST_REQUESTS = 1_000_000_000;
export const LONGEST_WINDOW_SECONDS = 31 * 24 * 60 * 60;

export interface RateWindow {
  readonly value: number;
  readonly unit: (typeof WINDOW_UNITS)[number];
}

/** Another limit for the members of a group, or for one API token. */
export interface RateLimitOverride {
  readonly group?: string;
  readonly tokenId?: string;
  readonly requests: number;
  readonly window: RateWindow;
}

/** The settings as the admin API shows them and the store keeps them. */
export interface RateLimitSettings {
  readonly enabled: boolean;
  readonly requests: number;
  readonly window: RateWindow;
  /** The kinds of credentials that are limited. */
  readonly credentials: readonly CredentialKind[];
  readonly overrides: readonly RateLimitOverride[];
  readonly failedAuthentications: { readonly perMinute: number };
}

export const DEFAULT_RATE_LIMIT: RateLimitSettings = {
  enabled: false,
  requests: 1000,
  window: { value: 1, unit: 'hour' },
  credentials: ['api-token'],
  overrides: [],
  failedAuthentications: { perMinute: 60 },
};

const SECONDS: Readonly<Record<RateWindow['unit'], number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
};

/** The length of a window in whole seconds. */
export function secondsOf(window: RateWindow): number {
  return window.value * SECONDS[window.unit];
}

/** The settings as they are stored: group names without spaces around them, nothing that is not given. */
export function tidyRateLimit(settings: RateLimitSettings): RateLimitSettings {
  const overrides = settings.overrides.map(({ group, tokenId, requests, window }) => ({
    ...(group === undefined ? {} : { group: group.trim() }),
    ...(tokenId === undefined ? {} : { tokenId: tokenId.toLowerCase() }),
    requests,
    window,
  }));
  return { ...settings, overrides };
}

/** What is wrong with the settings beyond the types of their fields; empty when nothing is. */
export function rateLimitFaults(settings: RateLimitSettings): FieldFault[] {
  const faults = [...windowFaults('window', settings.window)];
  const seen = new Set<string>();
  settings.overrides.forEach((override, index) => {
    const field = `overrides[${index}]`;
    faults.push(...windowFaults(`${field}.window`, override.window));
    if ((override.group === undefined) === (override.tokenId === undefined)) {
      faults.push({ field, message: 'needs exactly one of group and tokenId' });
      return;
    }
    if (override.group === '') faults.push({ field: `${field}.group`, message: 'must not be empty' });
    const subject =
      override.group === undefined ? `token ${override.tokenId}` : `group ${override.group.toLowerCase()}`;
    if (seen.has(subject)) faults.push({ field, message: `is the second one for ${subject}` });
    seen.add(subject);
  });
  return faults;
}

function windowFaults(field: string, window: RateWindow): FieldFault[] {
  if (secondsOf(window) <= LONGEST_WINDOW_SECONDS) return [];
  return [{ field, message: 'must not be longer than 31 days' }];
}
