import { Breaker } from '../../../src/modules/providers/provider-breaker.service.js';
import { ProviderHttpError } from '../../../src/modules/providers/provider-http.errors.js';
import type { Provider, ProvidersSnapshot } from '../../../src/modules/providers/provider-settings.port.js';
import type { VerifiedToken } from '../../../src/modules/providers/providers.port.js';
import { TokenCache } from '../../../src/modules/providers/token-cache.service.js';
import { refuse } from '../../../src/modules/providers/token-refusal.policy.js';

const NOW = 1_800_000_000_000;

describe('the token cache', () => {
  const provider = { id: 'p', enabled: true } as Provider;
  const providers: ProvidersSnapshot = { byId: new Map([['p', provider]]), enabled: [provider] };
  const token = (expiresAt?: number): VerifiedToken => ({ expiresAt }) as VerifiedToken;
  const refusal = refuse('oauth_token_rejected', 'no');

  it('keeps a token for 60 s', () => {
    const cache = new TokenCache();
    cache.accept('k', provider, token(), NOW);
    expect(cache.find('k', providers, NOW + 59_999)).toBeDefined();
    expect(cache.find('k', providers, NOW + 60_000)).toBeUndefined();
  });

  it('keeps no token past its expiry', () => {
    const cache = new TokenCache();
    cache.accept('k', provider, token(NOW + 5000), NOW);
    expect(cache.find('k', providers, NOW + 4999)).toBeDefined();
    expect(cache.find('k', providers, NOW + 5000)).toBeUndefined();
    cache.accept('late', provider, token(NOW - 1), NOW);
    expect(cache.find('late', providers, NOW)).toBeUndefined();
  });

  it('keeps a refusal for 10 s, and until any provider is changed', () => {
    const cache = new TokenCache();
    cache.refuse('k', providers, refusal, NOW);
    expect(cache.find('k', providers, NOW + 9999)).toBe(refusal);
    expect(cache.find('k', { ...providers }, NOW + 1)).toBeUndefined();
    expect(cache.find('k', providers, NOW + 10_000)).toBeUndefined();
  });

  it('keeps no outage', () => {
    const cache = new TokenCache();
    cache.refuse('k', providers, refuse('provider_unavailable', 'away', 5), NOW);
    expect(cache.find('k', providers, NOW)).toBeUndefined();
  });

  it('loses no good token to a flood of bad ones', () => {
    const cache = new TokenCache();
    cache.accept('good', provider, token(), NOW);
    for (let i = 0; i < 60_000; i++) cache.refuse(`bad-${i}`, providers, refusal, NOW);
    expect(cache.find('good', providers, NOW)).toBeDefined();
  });
});

describe('the breaker', () => {
  let now: number;
  let breaker: Breaker;
  let calls: number;

  beforeEach(() => {
    now = NOW;
    calls = 0;
    breaker = new Breaker(() => now);
  });

  const fail = (fault: ProviderHttpError['fault'], retryAfter?: number): Promise<unknown> =>
    breaker
      .run(() => {
        calls++;
        return Promise.reject(new ProviderHttpError(fault, 'it failed', retryAfter));
      })
      .catch((error: unknown) => error);
  const succeed = (): Promise<unknown> =>
    breaker.run(() => Promise.resolve('fine')).catch((error: unknown) => error);

  it('pauses at once after a timeout, for longer each time', async () => {
    expect(await fail('timeout')).toMatchObject({ retryAfterSeconds: 2 });
    expect(await succeed()).toBeInstanceOf(ProviderHttpError);
    now += 2000;
    expect(await fail('timeout')).toMatchObject({ retryAfterSeconds: 4 });
    now += 3999;
    expect(await succeed()).toMatchObject({ retryAfterSeconds: 1 });
    now += 1;
    expect(await succeed()).toBe('fine');
    expect(breaker.trouble).toBeUndefined();
    expect(await fail('timeout')).toMatchObject({ retryAfterSeconds: 2 });
  });

  it('pauses after three other failures in a row', async () => {
    await fail('status');
    await fail('status');
    expect(await succeed()).toBe('fine');
    for (let i = 0; i < 10; i++) await fail('status');
    expect(calls).toBe(5);
    expect(breaker.trouble).toBe('it failed');
  });

  it('waits as long as the provider asks, within reason', async () => {
    expect(await fail('status', 7)).toMatchObject({ retryAfterSeconds: 7 });
    now += 6999;
    expect(await succeed()).toBeInstanceOf(ProviderHttpError);
    now += 1;
    expect(await fail('status', 86_400)).toMatchObject({ retryAfterSeconds: 300 });
  });

  it('lets one caller try after the pause, while the others are refused', async () => {
    await fail('timeout');
    now += 2000;
    let release = (_: string): void => undefined;
    const first = breaker.run(() => new Promise<string>((resolve) => (release = resolve)));
    expect(await succeed()).toBeInstanceOf(ProviderHttpError);
    release('back');
    expect(await first).toBe('back');
    expect(await succeed()).toBe('fine');
  });

  it('lets unexpected errors through', async () => {
    await expect(breaker.run(() => Promise.reject(new TypeError('bug')))).rejects.toThrow(TypeError);
    expect(await succeed()).toBe('fine');
  });
});
