import { LookupCache } from '../../../src/modules/directory/lookup-cache.service.js';

interface Thing {
  readonly name: string;
}

const FRESH_MS = 60_000;
const STALE_MS = 600_000;
const NEGATIVE_MS = 10_000;

describe('a cache of look-ups', () => {
  let now: number;
  let calls: number;
  let cache: LookupCache<Thing>;

  beforeEach(() => {
    now = 1_000_000;
    calls = 0;
    cache = new LookupCache({
      freshMs: FRESH_MS,
      staleMs: STALE_MS,
      negativeMs: NEGATIVE_MS,
      largest: 3,
      now: () => now,
    });
  });

  const found = (name: string) => (): Promise<Thing | undefined> => {
    calls++;
    return Promise.resolve({ name });
  };
  const nothing = (): Promise<Thing | undefined> => {
    calls++;
    return Promise.resolve(undefined);
  };
  const failing = (): Promise<Thing | undefined> => {
    calls++;
    return Promise.reject(new Error('away'));
  };

  it('answers synchronously while an answer is fresh', async () => {
    await cache.get('a', found('first'));
    now += FRESH_MS - 1;
    expect(cache.get('a', found('second'))).toEqual({ name: 'first' });
    now += 1;
    expect(await cache.get('a', found('second'))).toEqual({ name: 'second' });
    expect(calls).toBe(2);
  });

  it('forgets sooner that nothing was found', async () => {
    expect(await cache.get('a', nothing)).toBeUndefined();
    now += NEGATIVE_MS - 1;
    expect(cache.get('a', found('late'))).toBeUndefined();
    now += 1;
    expect(await cache.get('a', found('late'))).toEqual({ name: 'late' });
  });

  it('serves a stale answer while there is no other, for ten minutes', async () => {
    await cache.get('a', found('old'));
    now += FRESH_MS;
    expect(await cache.get('a', failing)).toEqual({ name: 'old' });
    now += STALE_MS - FRESH_MS - 1;
    expect(await cache.get('a', failing)).toEqual({ name: 'old' });
    now += 1;
    await expect(Promise.resolve(cache.get('a', failing))).rejects.toThrow('away');
  });

  it('does not keep asking who is away: the stale answer serves two seconds', async () => {
    await cache.get('a', found('old'));
    now += FRESH_MS;
    await cache.get('a', failing);
    const before = calls;
    now += 1_999;
    expect(cache.get('a', failing)).toEqual({ name: 'old' });
    expect(calls).toBe(before);
  });

  it('never serves "nothing found" as a stale answer', async () => {
    await cache.get('a', nothing);
    now += NEGATIVE_MS;
    await expect(Promise.resolve(cache.get('a', failing))).rejects.toThrow('away');
  });

  it('does not remember failures', async () => {
    await expect(Promise.resolve(cache.get('a', failing))).rejects.toThrow('away');
    expect(await cache.get('a', found('back'))).toEqual({ name: 'back' });
  });

  it('makes one call for many who wait', async () => {
    const all = await Promise.all([cache.get('a', found('one')), cache.get('a', found('two'))]);
    expect(all).toEqual([{ name: 'one' }, { name: 'one' }]);
    expect(calls).toBe(1);
  });

  it('does not let an answer from before a clear back in', async () => {
    let finish: (value: Thing) => void = () => undefined;
    const slow = cache.get('a', () => new Promise<Thing>((resolve) => (finish = resolve)));
    cache.clear();
    finish({ name: 'from old settings' });
    expect(await slow).toEqual({ name: 'from old settings' });
    expect(await cache.get('a', found('new'))).toEqual({ name: 'new' });
  });

  it('holds a bounded number of answers', async () => {
    for (const key of ['a', 'b', 'c', 'd']) await cache.get(key, found(key));
    expect(await cache.get('a', found('again'))).toEqual({ name: 'again' });
  });
});
