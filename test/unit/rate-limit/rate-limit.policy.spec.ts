import {
  addRateHeaders,
  compileRateLimits,
  counterKey,
  ruleFor,
} from '../../../src/modules/rate-limit/rate-limit.policy.js';
import {
  DEFAULT_RATE_LIMIT,
  rateLimitFaults,
  tidyRateLimit,
} from '../../../src/modules/rate-limit/rate-limit-settings.policy.js';
import type { RateLimitSettings } from '../../../src/modules/rate-limit/rate-limit-settings.policy.js';
import type { CredentialKind, Principal } from '../../../src/modules/decisions/exchange.port.js';
import { user } from '../../factories/exchange.js';
import { token } from '../../support/rate-limit/factories.js';

const minute = { value: 1, unit: 'minute' } as const;
const hour = { value: 1, unit: 'hour' } as const;
const settings: RateLimitSettings = {
  ...DEFAULT_RATE_LIMIT,
  requests: 100,
  window: minute,
  overrides: [
    { group: 'Robots', requests: 500, window: minute },
    { group: 'batch', requests: 20_000, window: hour },
    { group: 'slow', requests: 5, window: minute },
    { tokenId: 't-own', requests: 7, window: hour },
  ],
};
const limits = compileRateLimits(settings);

describe('the limit of a caller', () => {
  it.each<[string, Principal, string, number]>([
    ['the default without an override', token('t1'), 'default', 100],
    ['the override of its group, whatever its case', token('t1', user({ groups: ['ROBOTS'] })), 'group', 500],
    ['a stricter override of its only group', user({ groups: ['slow'] }), 'group', 5],
    [
      'the most generous of several groups by requests per second',
      user({ groups: ['slow', 'batch', 'robots'] }),
      'group',
      500,
    ],
    [
      'the override of its token, before any group',
      { ...user({ groups: ['robots'] }), ...token('t-own') },
      'token',
      7,
    ],
    [
      'no token override for another kind with the same id',
      user({ credential: { kind: 'oauth', id: 't-own' } }),
      'default',
      100,
    ],
  ])('is %s', (_, principal, name, limit) => {
    const caller = { ...principal, credential: principal.credential };
    expect(ruleFor(limits, caller)).toMatchObject({ name, limit });
    expect(ruleFor(limits, caller)).toMatchObject({ name, limit });
  });

  it('is the longer window when two groups allow the same rate', () => {
    const overrides = [
      { group: 'a', requests: 60, window: minute },
      { group: 'b', requests: 3600, window: hour },
    ];
    const rule = ruleFor(compileRateLimits({ ...settings, overrides }), user({ groups: ['a', 'b'] }));
    expect(rule.limit).toBe(3600);
  });
});

describe('the key that requests are counted under', () => {
  it.each<[string, Principal, string]>([
    ['an API token by its id', token('t1'), 't1'],
    ['others by kind and user', user({ credential: { kind: 'oauth' } }), 'oauth|alice'],
    ['a user in any spelling', user({ username: 'ALICE', credential: { kind: 'basic' } }), 'basic|alice'],
    [
      'a user in any Unicode form',
      user({ username: 'Zoe\u0308', credential: { kind: 'basic' } }),
      'basic|zo\u00eb',
    ],
    ['each kind for itself', user({ credential: { kind: 'pat' } }), 'pat|alice'],
  ])('names %s', (_, principal, key) => {
    expect(counterKey(principal)).toBe(key);
  });

  it('is short for a very long user name, and its own', () => {
    const [a, b] = ['a', 'b'].map((end) =>
      counterKey(user({ username: 'x'.repeat(8000) + end, credential: { kind: 'basic' } })),
    );
    expect(a).toHaveLength('basic|#'.length + 43);
    expect(a).not.toBe(b);
  });
});

describe('the answer fields', () => {
  it('are those of the IETF draft and those of Jira, each once', () => {
    const headers = ['X-Token-Expires-At', 'x'];
    addRateHeaders(headers, limits.standard, { allowed: true, used: 58, limit: 100, waitMs: 29_001 });
    expect(headers).toEqual([
      ...['X-Token-Expires-At', 'x'],
      ...['RateLimit-Policy', '"default";q=100;w=60'],
      ...['X-RateLimit-Limit', '100'],
      ...['X-RateLimit-Interval-Seconds', '60'],
      ...['X-RateLimit-FillRate', '100'],
      ...['RateLimit', '"default";r=42;t=30'],
      ...['X-RateLimit-Remaining', '42'],
    ]);
  });
});

describe('the rate-limit settings', () => {
  const faultsOf = (change: Partial<RateLimitSettings>): string[] =>
    rateLimitFaults(tidyRateLimit({ ...DEFAULT_RATE_LIMIT, ...change })).map(({ field }) => field);

  it.each<[string, Partial<RateLimitSettings>, string[]]>([
    ['31 days', { window: { value: 31, unit: 'day' } }, []],
    ['more than 31 days', { window: { value: 32, unit: 'day' } }, ['window']],
    ['more than 31 days in hours', { window: { value: 745, unit: 'hour' } }, ['window']],
    ['an override for nobody', { overrides: [{ requests: 1, window: minute }] }, ['overrides[0]']],
    [
      'an override for both',
      { overrides: [{ group: 'a', tokenId: 'b', requests: 1, window: minute }] },
      ['overrides[0]'],
    ],
    ['an empty group', { overrides: [{ group: '  ', requests: 1, window: minute }] }, ['overrides[0].group']],
    [
      'a group twice',
      { overrides: ['Ops', ' ops '].map((group) => ({ group, requests: 1, window: minute })) },
      ['overrides[1]'],
    ],
    [
      'an override with a window too long',
      { overrides: [{ group: 'a', requests: 1, window: { value: 50, unit: 'day' } }] },
      ['overrides[0].window'],
    ],
  ])('judge %s', (_, change, fields) => {
    expect(faultsOf(change)).toEqual(fields);
  });

  it('cover API tokens by default, and are off', () => {
    const kinds: CredentialKind[] = ['api-token'];
    expect(DEFAULT_RATE_LIMIT).toMatchObject({
      enabled: false,
      credentials: kinds,
      failedAuthentications: { perMinute: 60 },
    });
  });
});
