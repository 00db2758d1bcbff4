import { Semaphore } from '../../../src/lib/semaphore.js';

describe('a semaphore', () => {
  it('never lets more run than it has places, lets all run in their order, and goes on after failures', async () => {
    const semaphore = new Semaphore(2);
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    const results = await Promise.allSettled(
      Array.from({ length: 7 }, (_unused, n) =>
        semaphore.run(async () => {
          begun.push(n);
          most = Math.max(most, (running += 1));
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
          if (n % 3 === 0) throw new Error(`${n}`);
          return n;
        }),
      ),
    );
    expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(most).toBe(2);
    expect(results.map(({ status }) => status === 'rejected')).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((n) => n % 3 === 0),
    );
    expect(await semaphore.run(() => Promise.resolve('free again'))).toBe('free again');
  });
});
