import { randomUUID } from 'node:crypto';
import { Reflector } from '@nestjs/core';
import { ThrottlerGuard } from '@nestjs/throttler';
import { InProcessStorage } from '../../../src/modules/rate-limit/in-process-storage.service.js';
import type {
  RateLimitStorage,
  WindowCount,
} from '../../../src/modules/rate-limit/rate-limit-storage.port.js';
import { RateLimitBench, token } from '../../support/rate-limit/factories.js';
import { startSharedStorage, TEST_REDIS_URL } from '../../support/rate-limit/redis.js';

interface Storages {
  readonly name: string;
  /** As many nodes as the storage serves together. */
  start(): Promise<{ nodes: RateLimitStorage[]; stop(): Promise<void> }>;
}

const inProcess: Storages = {
  name: 'in the process',
  start: () => Promise.resolve({ nodes: [new InProcessStorage()], stop: () => Promise.resolve() }),
};

const inRedis = (url: string): Storages => ({
  name: 'two nodes on one Redis',
  async start() {
    const started = [await startSharedStorage(url), await startSharedStorage(url)];
    const stop = async (): Promise<void> => {
      await Promise.all(started.map(({ storage }) => storage.onApplicationShutdown()));
    };
    return { nodes: started.map(({ storage }) => storage), stop };
  },
});

const storages = [inProcess, ...(TEST_REDIS_URL === undefined ? [] : [inRedis(TEST_REDIS_URL)])];
const HOUR_MS = 3_600_000;

describe(`rate-limit storages (${storages.map(({ name }) => name).join('; ')}${TEST_REDIS_URL ? '' : '; no TEST_REDIS_URL'})`, () => {
  describe.each(storages)('$name', ({ start }) => {
    let nodes: RateLimitStorage[];
    let stop: () => Promise<void>;
    let key: string;

    beforeAll(async () => ({ nodes, stop } = await start()));
    beforeEach(() => (key = randomUUID()));
    afterAll(() => stop());

    const node = (i: number): RateLimitStorage => nodes[i % nodes.length] as RateLimitStorage;
    const hit = async (i: number, limit: number, windowMs = HOUR_MS): Promise<WindowCount> =>
      node(i).hit(key, windowMs, limit);

    it('let exactly 100 of 200 parallel hits through', async () => {
      const counts = await Promise.all(Array.from({ length: 200 }, (_, i) => hit(i, 100)));
      expect(counts.filter(({ allowed }) => allowed)).toHaveLength(100);
      expect((await node(1).peek(key, HOUR_MS, 100)).used).toBe(100);
    });

    it('let exactly 100 of 200 parallel requests through the step', async () => {
      const benches = nodes.map((storage) => new RateLimitBench(storage));
      for (const { settings } of benches) settings.set({ requests: 100 });
      const asked = await Promise.all(
        Array.from({ length: 200 }, (_, i) =>
          (benches[i % benches.length] as RateLimitBench).ask(token(key)),
        ),
      );
      expect(asked.filter(({ result }) => result === undefined)).toHaveLength(100);
    });

    it('let exactly a limit through that is too large to keep every hit', async () => {
      const counts: WindowCount[] = [];
      for (let i = 0; i < 5000; i += 100) {
        counts.push(...(await Promise.all(Array.from({ length: 100 }, (_, j) => hit(i + j, 4500)))));
      }
      expect(counts.filter(({ allowed }) => allowed)).toHaveLength(4500);
    });

    it('say how many are used and how long to wait', async () => {
      expect(await hit(0, 2)).toMatchObject({ allowed: true, used: 1, limit: 2 });
      expect(await hit(1, 2)).toMatchObject({ allowed: true, used: 2 });
      const refused = await hit(0, 2);
      expect(refused).toMatchObject({ allowed: false, used: 2 });
      expect(refused.waitMs).toBeGreaterThan(HOUR_MS - 30_000);
      expect(refused.waitMs).toBeLessThanOrEqual(HOUR_MS);
    });

    it('count nothing when peeked at', async () => {
      for (let i = 0; i < 3; i++) {
        expect(await node(i).peek(key, HOUR_MS, 1)).toEqual({ allowed: true, used: 0, limit: 1, waitMs: 0 });
      }
      expect((await hit(0, 1)).allowed).toBe(true);
      expect((await node(1).peek(key, HOUR_MS, 1)).allowed).toBe(false);
    });

    it('allow again when the window has moved on', async () => {
      expect((await hit(0, 1, 40)).allowed).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(await hit(1, 1, 40)).toMatchObject({ allowed: true, used: 1 });
    });

    it.each([
      ['lowered', 100, 10, false, 10],
      ['raised', 10, 100, true, 11],
      ['raised to one that shares steps of time', 100, 100_000, true, 31],
    ])('L-09 keep the counts when the limit is %s', async (_, before, after, allowed, atLeast) => {
      for (let i = 0; i < 30; i++) await hit(i, before);
      const count = await hit(0, after);
      expect(count.allowed).toBe(allowed);
      expect(count.used).toBeGreaterThanOrEqual(atLeast);
      expect(count.used).toBeLessThanOrEqual(Math.min(31, after));
    });

    it('serve the guard of @nestjs/throttler', async () => {
      const sent: number[] = [];
      const guard = new ThrottlerGuard([{ ttl: HOUR_MS, limit: 2 }], node(0), new Reflector());
      await guard.onModuleInit();
      const context = {
        getHandler: () => HeldRoute.prototype.handle,
        getClass: () => HeldRoute,
        switchToHttp: () => ({
          getRequest: () => ({ ip: key, headers: {} }),
          getResponse: () => ({ header: () => 0 }),
        }),
      };
      for (let i = 0; i < 3; i++) {
        sent.push(
          await guard.canActivate(context as never).then(
            () => 200,
            (error: { getStatus(): number }) => error.getStatus(),
          ),
        );
      }
      expect(sent).toEqual([200, 200, 429]);
    });
  });
});

class HeldRoute {
  handle(): void {
    return undefined;
  }
}
