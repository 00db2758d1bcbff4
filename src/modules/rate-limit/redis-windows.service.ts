import { Redis } from 'ioredis';
import { Patience } from '../../lib/patience.js';
import { stepOf } from '../../lib/sliding-windows.js';
import type { TakenHits, WindowCount } from '../../lib/sliding-windows.js';
import { HIT_SCRIPT, PRESENCE_SCRIPT } from './redis-scripts.policy.js';

/** 250 ms, of which only those count in which this process had time to look for the answer. */
const TICK_MS = 50;
const MOST_TICKS = 5;
/** A first connection may take a second: its name is looked up, keys are agreed on. */
const CONNECT_TICKS = 25;
/** A connection on which nothing comes any more is given up for a new one. */
const SILENT_CONNECTION_MS = 3000;
const CONNECT_TIMEOUT_MS = 1000;
const SLOWEST_RECONNECT_MS = 1000;
const SILENT_NODE_MS = 10_000;
const PREFIX = 'restgate:';
const NODES = `${PREFIX}nodes`;

interface Scripts {
  restgateHit(key: string, ...args: number[]): Promise<[number, number, number]>;
  restgatePresence(key: string, node: string, silentMs: number): Promise<number>;
}

/** Sliding windows in Redis, shared by all nodes. One round trip per hit. Rejects after 250 ms when Redis is away. */
export class RedisWindows {
  private readonly redis: Redis & Scripts;
  private readonly patience = new Patience(TICK_MS, MOST_TICKS, 'Redis did not answer in time');

  constructor(
    url: string,
    private readonly node: string,
    onError: (error: Error) => void,
  ) {
    const redis = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      socketTimeout: SILENT_CONNECTION_MS,
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
    return new Patience(TICK_MS, CONNECT_TICKS, 'Redis was not connected in time').within(
      this.redis.connect(),
    );
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
    return this.patience.within(this.redis.restgatePresence(NODES, this.node, SILENT_NODE_MS));
  }

  async close(): Promise<void> {
    if (this.redis.status === 'ready')
      await this.patience.within(this.redis.zrem(NODES, this.node)).catch(() => 0);
    this.redis.disconnect();
  }

  private async run(
    key: string,
    windowMs: number,
    limit: number,
    count: boolean,
    carried: TakenHits | undefined,
  ): Promise<WindowCount> {
    const [allowed, used, waitMs] = await this.patience.within(
      this.redis.restgateHit(
        `${PREFIX}rl:${key}`,
        windowMs,
        limit,
        stepOf(windowMs, limit),
        Number(count),
        carried?.count ?? 0,
        carried?.ageMs ?? 0,
      ),
    );
    return { allowed: allowed === 1, used, limit, waitMs };
  }
}
