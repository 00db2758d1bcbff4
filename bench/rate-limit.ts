/**
 * What the rate-limit step costs: CPU time per request in the process and over Redis, and the memory of a million
 * callers. `npx tsx bench/rate-limit.ts [--redis redis://127.0.0.1:6379] [--request 100]`, where `--request` is
 * the CPU time of one proxied request in microseconds, as `npm run bench` tells it. Measured as CPU time, so other
 * work on the machine hardly matters.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { SlidingWindows } from '../src/lib/sliding-windows.js';
import type { Exchange, Principal } from '../src/modules/decisions/exchange.port.js';
import { InProcessStorage } from '../src/modules/rate-limit/in-process-storage.service.js';
import { RateLimitGuard } from '../src/modules/rate-limit/rate-limit.guard.js';
import { RateLimitMetrics } from '../src/modules/rate-limit/rate-limit-metrics.service.js';
import { compileRateLimits, RATE_LIMITS } from '../src/modules/rate-limit/rate-limit.policy.js';
import { DEFAULT_RATE_LIMIT } from '../src/modules/rate-limit/rate-limit-settings.policy.js';
import type { RateLimitStorage } from '../src/modules/rate-limit/rate-limit-storage.port.js';
import { RateLimitUsage } from '../src/modules/rate-limit/rate-limit-usage.service.js';
import { SharedStorage } from '../src/modules/rate-limit/shared-storage.service.js';
import type { ChangeFeedPort } from '../src/platform/change-feed/change-feed.port.js';
import { exchange, snapshotWith, user } from '../test/factories/exchange.js';

const MEBIBYTE = 1024 * 1024;
const CALLERS = 1000;
const REQUESTS = 500_000;
const REDIS_REQUESTS = 20_000;
const IN_FLIGHT = 50;
const MILLION = 1_000_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** Microseconds of CPU time, of all threads, that the work takes. */
async function cpuOf(work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user: inUser, system } = process.cpuUsage(before);
  return inUser + system;
}

const snapshot = snapshotWith(
  RATE_LIMITS,
  compileRateLimits({ ...DEFAULT_RATE_LIMIT, enabled: true, requests: 1_000_000_000 }),
);

function stepOver(storage: RateLimitStorage): (i: number) => unknown {
  const feed = { current: snapshot } as ChangeFeedPort;
  const guard = new RateLimitGuard(
    storage,
    new RateLimitUsage(feed, storage, new RateLimitMetrics(new Registry())),
  );
  const callers: Principal[] = Array.from({ length: CALLERS }, (_, i) =>
    user({ credential: { kind: 'api-token', id: `019a0000-0000-7000-8000-${String(i).padStart(12, '0')}` } }),
  );
  const requests: Exchange[] = callers.map((principal) =>
    exchange({ snapshot, principal, credential: { kind: 'api-token', form: 'bearer', secret: '' } }),
  );
  return (i) => {
    const request = requests[i % CALLERS] as Exchange;
    request.answerHeaders = [];
    return guard.decide(request);
  };
}

async function inProcess(): Promise<number> {
  const step = stepOver(new InProcessStorage());
  for (let i = 0; i < REQUESTS; i++) step(i);
  const cpu = await cpuOf(() => {
    for (let i = 0; i < REQUESTS; i++) step(i);
  });
  return cpu / REQUESTS;
}

async function inRedis(url: string): Promise<{ cpu: number; p50: number; p99: number; perSecond: number }> {
  const health = { register: () => undefined, shutDown: () => undefined };
  const storage = new SharedStorage(url, pino({ level: 'warn' }), health, new Registry());
  await storage.onModuleInit();
  const step = stepOver(storage);
  const times: number[] = [];
  const round = async (from: number): Promise<void> => {
    for (let i = from; i < REDIS_REQUESTS; i += IN_FLIGHT) {
      const start = performance.now();
      await step(i);
      times.push(performance.now() - start);
    }
  };
  const rounds = (): Promise<void[]> => Promise.all(Array.from({ length: IN_FLIGHT }, (_, i) => round(i)));
  await rounds();
  times.length = 0;
  const start = performance.now();
  const cpu = await cpuOf(async () => void (await rounds()));
  const seconds = (performance.now() - start) / 1000;
  if (storage.degraded) throw new Error('Redis went away during the measurement.');
  await storage.onApplicationShutdown();
  times.sort((a, b) => a - b);
  const at = (part: number): number => times[Math.floor(times.length * part)] as number;
  return { cpu: cpu / REDIS_REQUESTS, p50: at(0.5), p99: at(0.99), perSecond: REDIS_REQUESTS / seconds };
}

/** MiB that a million callers with four requests each take, their keys not counted: tokens and users share them. */
function memoryOfAMillion(): number {
  const keys = Array.from(
    { length: MILLION },
    (_, i) => `019a0000-0000-7000-8000-${String(i).padStart(12, '0')}`,
  );
  collectGarbage();
  const before = process.memoryUsage();
  const windows = new SlidingWindows(MILLION, 4 * MILLION);
  for (let hit = 0; hit < 4; hit++) for (const key of keys) windows.hit(key, hit * 1000, 3_600_000, 1000);
  collectGarbage();
  const after = process.memoryUsage();
  if (windows.size < MILLION - 4) throw new Error('Keys were forgotten.');
  return (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / MEBIBYTE;
}

async function main(): Promise<void> {
  const request = Number(option('request') ?? 0);
  const share = (cpu: number): string =>
    request > 0 ? ` (${((cpu / request) * 100).toFixed(1)} % of a request)` : '';
  const local = await inProcess();
  console.log(`in the process: ${local.toFixed(2)} us CPU per request${share(local)}`);
  console.log(`a million callers, four requests each: ${memoryOfAMillion().toFixed(0)} MiB`);
  const url = option('redis');
  if (url === undefined) return;
  const shared = await inRedis(url);
  console.log(
    `Redis: ${shared.cpu.toFixed(1)} us CPU per request${share(shared.cpu)}, ${IN_FLIGHT} in flight: ` +
      `p50 ${shared.p50.toFixed(2)} ms, p99 ${shared.p99.toFixed(2)} ms, ${shared.perSecond.toFixed(0)} per second`,
  );
}

void main();
