import type { ThrottlerStorage } from '@nestjs/throttler';
import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';
import { monotonicMs } from '../../lib/clock.js';
import { SlidingWindows } from '../../lib/sliding-windows.js';
import type { WindowCount } from '../../lib/sliding-windows.js';
import type { Logger } from '../../platform/logging/logger.js';
import type { CheckResult, HealthPort } from '../health/health.port.js';
import { MOST_ENTRIES, MOST_KEYS } from './in-process-storage.service.js';
import type { RateLimitStorage } from './rate-limit-storage.port.js';
import { RedisWindows } from './redis-windows.service.js';
import { throttlerRecord } from './throttler-record.policy.js';

const PRESENCE_INTERVAL_MS = 1000;

/** This node's part of a limit while it counts alone. */
export function shareOf(limit: number, nodes: number): number {
  return Math.max(1, Math.floor(limit / Math.max(1, nodes)));
}

/**
 * Counts in Redis, so that all nodes together keep a limit. While Redis is away each node counts alone against
 * its share of the limit (by the nodes that were last alive); when Redis is back, what was counted meanwhile is
 * taken over, key by key. A hit never fails because of Redis.
 */
export class SharedStorage implements RateLimitStorage {
  private readonly local = new SlidingWindows(MOST_KEYS, MOST_ENTRIES);
  private readonly redis: RedisWindows;
  private readonly gauge: Gauge;
  private state: 'starting' | 'shared' | 'alone' = 'starting';
  private nodes = 1;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    url: string,
    private readonly log: Logger,
    health: HealthPort,
    metrics: Registry,
  ) {
    this.redis = new RedisWindows(url, uuidv7(), (error) => this.lost(error));
    this.gauge = new Gauge({
      name: 'restgate_rate_limit_degraded',
      help: '1 while Redis is away and this node applies its own share of the rate limits.',
      registers: [metrics],
    });
    health.register('redis', () => this.check(), {
      effect: 'Every node applies its own share of the rate limits.',
    });
  }

  /** True while this node counts alone. */
  get degraded(): boolean {
    return this.state !== 'shared';
  }

  async onModuleInit(): Promise<void> {
    try {
      await this.redis.connect();
    } catch (error) {
      this.lost(error);
    }
    await this.beat();
    this.timer = setInterval(() => void this.beat(), PRESENCE_INTERVAL_MS);
    this.timer.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    // What still comes in is counted here, without a word about Redis.
    this.state = 'alone';
    await this.redis.close();
  }

  hit(key: string, windowMs: number, limit: number): WindowCount | Promise<WindowCount> {
    if (this.state !== 'shared') return this.hitAlone(key, windowMs, limit);
    const carried = this.local.size === 0 ? undefined : this.local.take(key, monotonicMs(), windowMs);
    return this.redis.hit(key, windowMs, limit, carried).catch((error: unknown) => {
      this.lost(error);
      if (carried) this.local.put(key, monotonicMs() - carried.ageMs, windowMs, carried.count);
      return this.hitAlone(key, windowMs, limit);
    });
  }

  peek(key: string, windowMs: number, limit: number): WindowCount | Promise<WindowCount> {
    if (this.state !== 'shared') return this.peekAlone(key, windowMs, limit);
    return this.redis.peek(key, windowMs, limit).catch((error: unknown) => {
      this.lost(error);
      return this.peekAlone(key, windowMs, limit);
    });
  }

  /** For Nest's throttler guard. The window itself says how long a caller is blocked. */
  async increment(
    ...[key, ttl, limit, , name]: Parameters<ThrottlerStorage['increment']>
  ): ReturnType<ThrottlerStorage['increment']> {
    return throttlerRecord(await this.hit(`${name}:${key}`, ttl, limit));
  }

  private hitAlone(key: string, windowMs: number, limit: number): WindowCount {
    return this.local.hit(key, monotonicMs(), windowMs, shareOf(limit, this.nodes));
  }

  private peekAlone(key: string, windowMs: number, limit: number): WindowCount {
    return this.local.peek(key, monotonicMs(), windowMs, shareOf(limit, this.nodes));
  }

  /** Tells the other nodes that this one is alive, and finds out whether Redis is. */
  private async beat(): Promise<void> {
    try {
      this.nodes = Math.max(1, await this.redis.presence());
      if (this.state === 'alone')
        this.log.info({ nodes: this.nodes }, 'Redis is back: rate limits are shared again');
      this.state = 'shared';
      this.gauge.set(0);
    } catch (error) {
      this.lost(error);
    }
  }

  private lost(error: unknown): void {
    if (this.state === 'alone') return;
    this.state = 'alone';
    this.gauge.set(1);
    this.log.warn(
      { err: error, nodes: this.nodes },
      'Redis is away: this node applies its own share of the rate limits',
    );
  }

  private check(): CheckResult {
    if (!this.degraded) return { ok: true };
    const share = this.nodes === 1 ? 'the whole of each limit' : `1/${this.nodes} of each limit`;
    return { ok: false, detail: `Rate limits are counted on each node alone; this one allows ${share}.` };
  }
}
