import { Redis } from 'ioredis';
import { Registry } from 'prom-client';
import { SharedStorage } from '../../../src/modules/rate-limit/shared-storage.service.js';
import { HeldChecks, heldLog } from './factories.js';

/** Redis for tests; without it the specs count in the process only, and say so. */
export const TEST_REDIS_URL = process.env['TEST_REDIS_URL'];

export interface TestStorage {
  readonly storage: SharedStorage;
  readonly checks: HeldChecks;
  readonly registry: Registry;
  readonly lines: { level: number; msg: string }[];
}

/** One node's storage over Redis. */
export async function startSharedStorage(url: string): Promise<TestStorage> {
  const { log, lines } = heldLog();
  const checks = new HeldChecks();
  const registry = new Registry();
  const storage = new SharedStorage(url, log, checks, registry);
  await storage.onModuleInit();
  return { storage, checks, registry, lines };
}

/** A connection of the test itself. */
export async function connectRedis(url: string): Promise<Redis> {
  const redis = new Redis(url, { lazyConnect: true });
  await redis.connect();
  return redis;
}

/** Waits until something holds; the test's own timeout is the limit. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
