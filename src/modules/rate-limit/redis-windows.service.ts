import { Redis } from 'ioredis';
import { stepOf } from '../../lib/sliding-windows.js';
import type { TakenHits, WindowCount } from '../../lib/sliding-windows.js';
import { HIT_SCRIPT, PRESENCE_SCRIPT } from './redis-scripts.policy.js';

const COMMAND_TIMEOUT_MS = 250;
const CONNECT_TIMEOUT_MS = 1000;
const SLOWEST_RECONNECT_MS = 1000;
const SILENT_NODE_MS = 10_000;
const PREFIX = 'restgate:';
const NODES = `${PREFIX}nodes`;

interface Scripts {
  restgateHit(key: string, ...args: number[]): Promise<[number, number, number]>;
  restgatePresence(key: string, node: string, silentMs: number): Promise<number>;
}

/** Sliding windows in Redis, shared by all nodes. One round trip per hit. Rejects within 250 ms when Redis is away. */
export class RedisWindows {
  private readonly redis: Redis & Scripts;

  constructor(
    url: string,
    private readonly node: string,
    onError: (error: Error) => void,
  ) {
    const redis = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      // A hit that may have been counted must not be counted again.
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => Math.min(attempt * 100, SLOWEST_RECONNECT_MS),
      connectionName: 'restgate',
    });
    redis.on('error', onError);
    redis.defineCommand('restgateHit', { numberOfKeys: 1, lua: HIT_SCRIPT });
    redis.defineCommand('restgatePresence', { numberOfKeys: 1, lua: PRESENCE_SCRIPT });
    this.redis = redis as Redis & Scripts;
  }

  connect(): Promise<void> {
    return this.redis.connect();
  }

  /** Counts a hit, and takes over hits that were counted elsewhere. */
  hit(key: string, windowMs: number, limit: number, carried: TakenHits | undefined): Promise<WindowCount> {
    return this.run(key, windowMs, limit, true, carried);
  }

  peek(key: string, windowMs: number, limit: number): Promise<WindowCount> {
    return this.run(key, windowMs, limit, false, undefined);
  }

  /** Says that this node is alive. Answers how many are. */
  presence(): Promise<number> {
    return this.redis.restgatePresence(NODES, this.node, SILENT_NODE_MS);
  }

  async close(): Promise<void> {
    if (this.redis.status === 'ready') await this.redis.zrem(NODES, this.node).catch(() => 0);
    this.redis.disconnect();
  }

  private async run(
    key: string,
    windowMs: number,
    limit: number,
    count: boolean,
    carried: TakenHits | undefined,
  ): Promise<WindowCount> {
    const [allowed, used, waitMs] = await this.redis.restgateHit(
      `${PREFIX}rl:${key}`,
      windowMs,
      limit,
      stepOf(windowMs, limit),
      Number(count),
      carried?.count ?? 0,
      carried?.ageMs ?? 0,
    );
    return { allowed: allowed === 1, used, limit, waitMs };
  }
}
