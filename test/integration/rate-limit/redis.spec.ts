import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { SlidingWindows } from '../../../src/lib/sliding-windows.js';
import { shareOf } from '../../../src/modules/rate-limit/shared-storage.service.js';
import { HIT_SCRIPT } from '../../../src/modules/rate-limit/redis-scripts.policy.js';
import { RateLimitBench, token } from '../../support/rate-limit/factories.js';
import { CutLine } from '../../support/rate-limit/cut-line.js';
import { connectRedis, startSharedStorage, TEST_REDIS_URL, until } from '../../support/rate-limit/redis.js';
import type { TestStorage } from '../../support/rate-limit/redis.js';

const HOUR_MS = 3_600_000;

describe('the share of a node while Redis is away', () => {
  it.each([
    [100, 4, 25],
    [10, 3, 3],
    [1, 5, 1],
    [7, 0, 7],
  ])('of %d requests among %d nodes is %d', (limit, nodes, share) => {
    expect(shareOf(limit, nodes)).toBe(share);
  });
});

describe('a node whose Redis was never there', () => {
  it('R-05 counts alone, says so once, and refuses nobody for it', async () => {
    const { storage, checks, registry, lines } = await startSharedStorage('redis://127.0.0.1:1');
    const bench = new RateLimitBench(storage);
    bench.settings.set({ requests: 2 });
    const results = [];
    for (let i = 0; i < 3; i++) results.push((await bench.ask(token())).result);
    expect(results).toEqual([undefined, undefined, expect.objectContaining({ reason: 'rate_limited' })]);
    expect(await checks.run('redis')).toMatchObject({ ok: false, detail: expect.stringContaining('alone') });
    expect(await registry.metrics()).toContain('restgate_rate_limit_degraded 1');
    expect(lines.filter(({ msg }) => msg.startsWith('Redis is away'))).toHaveLength(1);
    await storage.onApplicationShutdown();
  });
});

/** Tests of the script and of outages need a real Redis: they are declared only when there is one. */
if (TEST_REDIS_URL !== undefined) describeWithRedis(TEST_REDIS_URL);

function describeWithRedis(url: string): void {
  const { hostname, port } = new URL(url);
  let key: string;

  beforeEach(() => (key = randomUUID()));

  describe('the script in Redis', () => {
    it('agrees with the windows in the process, on a clock that the test sets', async () => {
      const redis = await connectRedis(url);
      const script = HIT_SCRIPT.replace("redis.call('TIME')", '{ 0, tonumber(ARGV[7]) * 1000 }');
      const step = fc.record({
        wait: fc.integer({ min: 0, max: 400 }),
        limit: fc.constantFrom(1, 3, 8, 8, 8),
      });
      let run = 0;
      const property = fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        const windows = new SlidingWindows(10, 10_000);
        const name = `restgate:test:${key}:${run++}`;
        let now = 1_000_000;
        for (const { wait, limit } of steps) {
          now += wait;
          const { allowed, used, waitMs } = windows.hit('a', now, 1000, limit);
          const answer = await redis.eval(script, 1, name, 1000, limit, 1, 1, 0, 0, now);
          expect(answer).toEqual([Number(allowed), used, waitMs]);
        }
        await redis.del(name);
      });
      await fc.assert(property, { numRuns: 25 });
      await redis.quit();
    });

    it('moves its list back with a clock that was set back', async () => {
      const redis = await connectRedis(url);
      const script = HIT_SCRIPT.replace("redis.call('TIME')", '{ 0, tonumber(ARGV[7]) * 1000 }');
      const at = (now: number): Promise<unknown> =>
        redis.eval(script, 1, `restgate:test:${key}`, 60_000, 3, 1, 1, 0, 0, now);
      await at(10_000_000);
      await at(10_020_000);
      expect(await at(3_000_000)).toEqual([1, 3, 40_000]);
      expect(await at(3_000_000)).toEqual([0, 3, 60_000]);
      await redis.del(`restgate:test:${key}`);
      await redis.quit();
    });

    it('leaves no key without an expiry', async () => {
      const { storage } = await startSharedStorage(url);
      await storage.hit(key, 5000, 10);
      const redis = await connectRedis(url);
      expect(await redis.pttl(`restgate:rl:${key}`)).toBeGreaterThan(0);
      expect(await redis.pttl('restgate:nodes')).toBeGreaterThan(0);
      await redis.quit();
      await storage.onApplicationShutdown();
    });

    it('is right when it was flushed from the script cache', async () => {
      const { storage } = await startSharedStorage(url);
      await storage.hit(key, HOUR_MS, 10);
      const redis = await connectRedis(url);
      await redis.script('FLUSH');
      expect(await storage.hit(key, HOUR_MS, 10)).toMatchObject({ used: 2 });
      expect(storage.degraded).toBe(false);
      await redis.quit();
      await storage.onApplicationShutdown();
    });
  });

  describe('two processes on one Redis', () => {
    it('let exactly 100 of 200 parallel hits through', async () => {
      const start = Date.now() + 4000;
      const work = (): Promise<number> => runWorker([url, key, '100', '100', String(start)]);
      const extra = runWorker([url, key, '100', '100', String(start)]);
      const [first, second, third] = await Promise.all([work(), work(), extra]);
      expect(first + second + third).toBe(100);
    });
  });

  describe('an outage of Redis', () => {
    let line: CutLine;
    let node: TestStorage;
    let other: TestStorage;

    beforeEach(async () => {
      line = await CutLine.to(hostname, Number(port === '' ? 6379 : port));
      other = await startSharedStorage(`redis://127.0.0.1:${line.port}`);
      node = await startSharedStorage(`redis://127.0.0.1:${line.port}`);
    });

    afterEach(async () => {
      await Promise.all([node.storage.onApplicationShutdown(), other.storage.onApplicationShutdown()]);
      await line.close();
    });

    const hits = async (count: number, limit: number): Promise<number> => {
      let allowed = 0;
      for (let i = 0; i < count; i++) if ((await node.storage.hit(key, HOUR_MS, limit)).allowed) allowed++;
      return allowed;
    };
    const messages = (): string[] => node.lines.map(({ msg }) => msg);

    it.each(['cut', 'goSilent'] as const)(
      'R-05 leaves each node its share (%s), said once in log, metrics and health',
      async (how) => {
        line[how]();
        const counts = await Promise.all(
          Array.from({ length: 40 }, async () => node.storage.hit(key, HOUR_MS, 20)),
        );
        expect(counts.filter(({ allowed }) => allowed).length).toBeLessThanOrEqual(10);
        expect(counts.filter(({ allowed }) => allowed).length).toBeGreaterThan(0);
        expect(node.storage.degraded).toBe(true);
        expect(await node.registry.metrics()).toContain('restgate_rate_limit_degraded 1');
        const { ok, detail } = (await node.checks.run('redis')) ?? { ok: true };
        expect(ok).toBe(false);
        expect(detail).toMatch(/1\/\d+ of each limit/);
        expect(messages().filter((msg) => msg.startsWith('Redis is away'))).toHaveLength(1);
      },
    );

    it('R-07 is over without a restart when the connection was lost without a word', async () => {
      line.loseOpen();
      expect(await hits(1, 20)).toBe(1);
      expect(node.storage.degraded).toBe(true);
      await until(() => !node.storage.degraded);
      expect(await node.storage.hit(key, HOUR_MS, 20)).toMatchObject({ allowed: true, used: 2 });
    }, 20_000);

    it('is not what a process sees that was too busy to read the answers', async () => {
      const counting = Array.from({ length: 30 }, async () => node.storage.hit(key, HOUR_MS, 20));
      for (let i = 0; i < 3; i++) {
        const busyUntil = performance.now() + 400;
        while (performance.now() < busyUntil);
        await new Promise((resolve) => setImmediate(resolve));
      }
      const counts = await Promise.all(counting);
      expect(counts.filter(({ allowed }) => allowed)).toHaveLength(20);
      expect(node.storage.degraded).toBe(false);
      expect(messages()).toEqual([]);
    });

    it('R-07 is over without a restart, and what was counted meanwhile still counts', async () => {
      expect(await hits(4, 20)).toBe(4);
      line.cut();
      expect(await hits(2, 20)).toBe(2);
      expect(node.storage.degraded).toBe(true);
      line.mend();
      await until(() => !node.storage.degraded);
      expect(await node.storage.hit(key, HOUR_MS, 20)).toMatchObject({ allowed: true, used: 7, limit: 20 });
      await until(() => !other.storage.degraded);
      expect(await other.storage.hit(key, HOUR_MS, 20)).toMatchObject({ used: 8 });
      expect(messages().at(-1)).toMatch(/^Redis is back/);
      expect(await node.checks.run('redis')).toEqual({ ok: true });
      expect(await node.registry.metrics()).toContain('restgate_rate_limit_degraded 0');
    });
  });
}

function runWorker(args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = spawn(process.execPath, [
      '--import',
      'tsx',
      'test/support/rate-limit/redis-worker.ts',
      ...args,
    ]);
    let output = '';
    let errors = '';
    worker.stdout.on('data', (data: Buffer) => (output += data.toString()));
    worker.stderr.on('data', (data: Buffer) => (errors += data.toString()));
    worker.on('error', reject);
    worker.on('close', (code) => (code === 0 ? resolve(Number(output)) : reject(new Error(errors))));
  });
}
