import {
  decideLifetime,
  livesTooLong,
  renewLifetime,
} from '../../../src/modules/tokens/token-lifetime.policy.js';
import type { LifetimeRequest } from '../../../src/modules/tokens/token-lifetime.policy.js';

const NOW = Date.parse('2026-03-01T00:00:00Z');
const DAY = 86_400_000;
const iso = (days: number): string => new Date(NOW + days * DAY).toISOString();

describe('how long a new token lives', () => {
  const unlimited = { maxLifetimeDays: null, defaultLifetimeDays: 30 };
  const limited = { maxLifetimeDays: 90, defaultLifetimeDays: 30 };
  const short = { maxLifetimeDays: 7, defaultLifetimeDays: 30 };

  it.each<[string, LifetimeRequest, typeof unlimited | typeof limited, number | null]>([
    ['the default when nothing is asked', {}, unlimited, 30],
    ['never more than the maximum by default', {}, short, 7],
    ['the days asked', { expiresInDays: 3 }, limited, 3],
    ['exactly the maximum', { expiresInDays: 90 }, limited, 90],
    ['the time asked', { expiresAt: iso(12) }, limited, 12],
    ['for ever when that is asked and allowed', { expiresAt: null }, unlimited, null],
    ['for ever, asked as days', { expiresInDays: null }, unlimited, null],
    ['any length when there is no maximum', { expiresInDays: 5000 }, unlimited, 5000],
  ])('%s', (_what, request, rules, days) => {
    const expected = days === null ? null : NOW + days * DAY;
    expect(decideLifetime(request, rules, NOW)).toEqual({ expiresAt: expected });
  });

  it.each<[string, LifetimeRequest, string]>([
    ['T-07 more days than the maximum', { expiresInDays: 91 }, 'expiresInDays'],
    ['T-07 a time beyond the maximum', { expiresAt: iso(90.5) }, 'expiresAt'],
    ['T-07 for ever although a maximum is set', { expiresAt: null }, 'expiresAt'],
    ['T-07 for ever, asked as days', { expiresInDays: null }, 'expiresInDays'],
    ['a time in the past', { expiresAt: iso(-1) }, 'expiresAt'],
    ['now', { expiresAt: iso(0) }, 'expiresAt'],
    ['something that is no time', { expiresAt: 'tomorrow' }, 'expiresAt'],
    ['both ways at once', { expiresAt: iso(1), expiresInDays: 1 }, 'expiresInDays'],
  ])('refuses %s and names the field', (_what, request, field) => {
    expect(decideLifetime(request, limited, NOW)).toEqual({ fault: expect.objectContaining({ field }) });
  });

  it('gives exactly the maximum to a client whose clock is a little ahead', () => {
    const expiresAt = new Date(NOW + 90 * DAY + 5_000).toISOString();
    expect(decideLifetime({ expiresAt }, limited, NOW)).toEqual({ expiresAt: NOW + 90 * DAY });
  });

  it.each([
    ['the same lifetime again', 20 * DAY, limited, 20],
    ['at most the maximum of today', 200 * DAY, limited, 90],
    ['the maximum for a token that lived for ever', null, limited, 90],
    ['for ever where that is allowed', null, unlimited, null],
    ['any lifetime where there is no maximum', 200 * DAY, unlimited, 200],
  ])('renews for %s', (_what, lifetime, rules, days) => {
    expect(renewLifetime(lifetime, rules, NOW)).toBe(days === null ? null : NOW + days * DAY);
  });

  it.each([
    ['no maximum', null, null, false],
    ['for ever under a maximum', null, 90, true],
    ['exactly the maximum', 90, 90, false],
    ['a day more', 91, 90, true],
  ])('sees tokens that live too long: %s', (_what, days, maximum, expected) => {
    const expiresAt = days === null ? null : new Date(NOW + days * DAY);
    expect(livesTooLong(new Date(NOW), expiresAt, maximum)).toBe(expected);
  });
});
