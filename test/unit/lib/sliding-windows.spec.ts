import fc from 'fast-check';
import { SlidingWindows, stepOf } from '../../../src/lib/sliding-windows.js';

/** What the words say: every hit is kept, and every decision counts them all. */
class NaiveWindows {
  private readonly hits = new Map<string, number[]>();

  hit(
    key: string,
    now: number,
    windowMs: number,
    limit: number,
  ): { allowed: boolean; used: number; waitMs: number } {
    const all = this.hits.get(key) ?? [];
    const inWindow = (): number[] => all.filter((time) => time > now - windowMs);
    const allowed = inWindow().length < limit;
    all.push(now);
    this.hits.set(key, all);
    const counted = inWindow().slice(-limit);
    return { allowed, used: counted.length, waitMs: (counted[0] as number) + windowMs - now };
  }
}

const WINDOW = 1000;

describe('sliding windows', () => {
  it('agree with a list of all hits, whatever the order of keys and times', () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 1500 })),
    });
    const property = fc.property(
      fc.array(step, { maxLength: 300 }),
      fc.integer({ min: 1, max: 20 }),
      (steps, limit) => {
        const windows = new SlidingWindows(100, 10_000);
        const naive = new NaiveWindows();
        let now = 0;
        for (const { key, wait } of steps) {
          now += wait;
          expect(windows.hit(key, now, WINDOW, limit)).toEqual({
            ...naive.hit(key, now, WINDOW, limit),
            limit,
          });
        }
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  it('allow the limit and refuse the next, until the oldest hit has left the window', () => {
    const windows = new SlidingWindows(10, 100);
    expect(windows.hit('a', 0, WINDOW, 2)).toEqual({ allowed: true, used: 1, limit: 2, waitMs: 1000 });
    expect(windows.hit('a', 600, WINDOW, 2)).toEqual({ allowed: true, used: 2, limit: 2, waitMs: 400 });
    expect(windows.peek('a', 999, WINDOW, 2)).toEqual({ allowed: false, used: 2, limit: 2, waitMs: 1 });
    expect(windows.peek('a', 1000, WINDOW, 2)).toEqual({ allowed: true, used: 1, limit: 2, waitMs: 600 });
    expect(windows.hit('a', 1000, WINDOW, 2).allowed).toBe(true);
  });

  it('count refused hits too', () => {
    const windows = new SlidingWindows(10, 100);
    windows.hit('a', 0, WINDOW, 1);
    expect(windows.hit('a', 900, WINDOW, 1)).toMatchObject({ allowed: false, waitMs: 1000 });
    expect(windows.hit('a', 1500, WINDOW, 1)).toMatchObject({ allowed: false });
    expect(windows.hit('a', 2500, WINDOW, 1)).toMatchObject({ allowed: true });
  });

  it('count nothing when peeked at', () => {
    const windows = new SlidingWindows(10, 100);
    for (let i = 0; i < 5; i++) expect(windows.peek('a', 0, WINDOW, 1).allowed).toBe(true);
    expect(windows.size).toBe(0);
  });

  it('never let more than a large limit into any window, though hits share steps of time', () => {
    const limit = 5000;
    const windowMs = 3_600_000;
    expect(stepOf(windowMs, limit)).toBe(879);
    const windows = new SlidingWindows(10, 100_000);
    const allowed: number[] = [];
    for (let now = 0; now < 3 * windowMs; now += 300) {
      if (windows.hit('a', now, windowMs, limit).allowed) allowed.push(now);
    }
    expect(allowed.length).toBe(limit);
    expect(windows.hit('a', 4 * windowMs + 879, windowMs, limit)).toMatchObject({ allowed: true, used: 1 });
  });

  it('keep a limit of a billion in little memory', () => {
    const windows = new SlidingWindows(10, 20_000);
    const day = 86_400_000;
    for (let now = 0; now < day; now += 5000) windows.hit('a', now, day, 1_000_000_000);
    expect(windows.peek('a', day - 1, day, 1_000_000_000)).toMatchObject({ used: 17_280, allowed: true });
  });

  it.each([
    ['lowered', 10, 3, { allowed: false, used: 3 }],
    ['raised', 3, 10, { allowed: true, used: 4 }],
  ])('keep the counts when the limit is %s', (_, before, after, expected) => {
    const windows = new SlidingWindows(10, 100);
    for (let i = 0; i < 8; i++) windows.hit('a', i, WINDOW, before);
    expect(windows.hit('a', 8, WINDOW, after)).toMatchObject(expected);
  });

  it('keep the counts when the limit moves between fine and shared steps', () => {
    const windows = new SlidingWindows(10, 20_000);
    for (let i = 0; i < 60; i++) windows.hit('a', i, 60_000, 100);
    expect(windows.hit('a', 60, 60_000, 10_000)).toMatchObject({ allowed: true, used: 61 });
    expect(windows.hit('a', 61, 60_000, 62)).toMatchObject({ allowed: true, used: 62 });
    expect(windows.hit('a', 62, 60_000, 62)).toMatchObject({ allowed: false, used: 62 });
  });

  it('forget the least recently used keys first when there are too many', () => {
    const windows = new SlidingWindows(3, 100);
    for (const key of ['a', 'b', 'c', 'a', 'd', 'e']) windows.hit(key, 0, WINDOW, 5);
    expect(windows.size).toBeLessThanOrEqual(3);
    expect(['a', 'b', 'c', 'd', 'e'].map((key) => windows.peek(key, 0, WINDOW, 5).used)).toEqual([
      2, 0, 0, 1, 1,
    ]);
  });

  it('make room for the key in use when there are too many hits', () => {
    const windows = new SlidingWindows(100, 21);
    for (let i = 0; i < 15; i++) windows.hit('old', i, WINDOW, 50);
    for (let i = 0; i < 18; i++) expect(windows.hit('new', 20 + i, WINDOW, 50).used).toBe(i + 1);
    expect(windows.peek('old', 40, WINDOW, 50).used).toBe(0);
  });

  it('drop the oldest hits of a key that alone fills the memory', () => {
    const windows = new SlidingWindows(100, 11);
    for (let i = 0; i < 30; i++) windows.hit('a', i, WINDOW, 50);
    expect(windows.peek('a', 30, WINDOW, 50).used).toBe(10);
  });

  it('clear idle keys away as new ones come, without a timer', () => {
    const windows = new SlidingWindows(1_000_000, 1_000_000);
    for (let i = 0; i < 10_000; i++) windows.hit(`k${i}`, i, WINDOW, 5);
    expect(windows.size).toBeLessThanOrEqual(WINDOW + 2);
  });

  it('stay within their bounds with far more keys than they hold', () => {
    const windows = new SlidingWindows(10_000, 15_000);
    for (let i = 0; i < 200_000; i++) windows.hit(`k${i}`, 0, WINDOW, 5);
    expect(windows.size).toBeLessThanOrEqual(10_000);
    expect(windows.hit('k199999', 0, WINDOW, 5).used).toBe(2);
  });

  it('hand hits over and take them back', () => {
    const windows = new SlidingWindows(10, 100);
    for (let i = 0; i < 4; i++) windows.hit('a', i * 100, WINDOW, 10);
    expect(windows.take('a', 1050, WINDOW)).toEqual({ count: 3, ageMs: 750 });
    expect(windows.take('a', 1050, WINDOW)).toBeUndefined();
    expect(windows.size).toBe(0);
    windows.put('a', 1100, WINDOW, 3);
    expect(windows.hit('a', 1200, WINDOW, 4)).toMatchObject({ allowed: true, used: 4 });
    expect(windows.hit('a', 1200, WINDOW, 4)).toMatchObject({ allowed: false });
  });
});
