import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { WindowCount } from '../../lib/sliding-windows.js';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import type { Principal } from '../decisions/exchange.port.js';
import { RateLimitUsageView } from './dto/rate-limit-usage.dto.js';
import { RateLimitMetrics } from './rate-limit-metrics.service.js';
import { counterKey, RATE_LIMITS, ruleFor } from './rate-limit.policy.js';
import type { LimitRule, RateLimits } from './rate-limit.policy.js';
import { RATE_LIMIT_STORAGE } from './rate-limit-storage.port.js';
import type { RateLimitStorage } from './rate-limit-storage.port.js';
import { UsageDay } from './usage-day.policy.js';

const MOST_CALLERS = 10_000;
const DAY_MS = 86_400_000;
/** From this part of a limit on a caller is near it. */
const NEAR = 0.8;

interface Caller {
  principal: Principal;
  /** When it was last near or over its limit, epoch milliseconds. */
  seenAt: number;
  lastRefusedAt: number | undefined;
  refused: UsageDay | undefined;
}

/** Who comes near a limit or goes over it, on this node, over the last day. Bounded; callers far from it cost nothing. */
@Injectable()
export class RateLimitUsage {
  private readonly callers = new LRUCache<string, Caller>({ max: MOST_CALLERS });

  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(RATE_LIMIT_STORAGE) private readonly storage: RateLimitStorage,
    private readonly metrics: RateLimitMetrics,
  ) {}

  /** Notes how a counted request stood to its limit. */
  note(principal: Principal, rule: LimitRule, count: WindowCount, time: number): void {
    if (count.used < count.limit * NEAR) return;
    const key = counterKey(principal);
    let caller = this.callers.get(key);
    if (!caller) {
      caller = { principal, seenAt: time, lastRefusedAt: undefined, refused: undefined };
      this.callers.set(key, caller);
    }
    caller.principal = principal;
    caller.seenAt = time;
    if (count.allowed) return;
    caller.lastRefusedAt = time;
    (caller.refused ??= new UsageDay()).add(time);
    this.metrics.countRequest(rule);
  }

  /** The callers of the last day with the most refused requests, then the fullest windows, at most `most`. */
  async list(most: number, time: number): Promise<RateLimitUsageView[]> {
    const limits = RATE_LIMITS.of(this.changeFeed.current);
    const recent = [...this.callers.values()]
      .filter(({ seenAt }) => seenAt > time - DAY_MS)
      .map((caller) => ({ caller, refused: caller.refused?.total(time) ?? 0 }))
      .sort((a, b) => b.refused - a.refused || b.caller.seenAt - a.caller.seenAt)
      .slice(0, most);
    const views = await Promise.all(
      recent.map(({ caller, refused }) => this.viewOf(caller, refused, limits)),
    );
    return views.sort((a, b) => b.overCount - a.overCount || a.remaining / a.limit - b.remaining / b.limit);
  }

  private async viewOf(caller: Caller, overCount: number, limits: RateLimits): Promise<RateLimitUsageView> {
    const { principal, seenAt, lastRefusedAt } = caller;
    const rule = ruleFor(limits, principal);
    const count = await this.storage.peek(counterKey(principal), rule.windowMs, rule.limit);
    const { kind, id, name } = principal.credential;
    const remaining = count.limit - count.used;
    return {
      kind,
      tokenId: kind === 'api-token' ? (id ?? null) : null,
      name: kind === 'api-token' ? (name ?? null) : null,
      user: principal.username,
      rule: rule.name,
      limit: count.limit,
      windowSeconds: rule.windowSeconds,
      used: count.used,
      remaining,
      status: remaining === 0 ? 'over' : count.used >= count.limit * NEAR ? 'near' : 'ok',
      overCount,
      lastNearAt: new Date(seenAt).toISOString(),
      lastOverAt: lastRefusedAt === undefined ? null : new Date(lastRefusedAt).toISOString(),
    };
  }
}
