import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { WindowCount } from '../../lib/sliding-windows.js';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { RateLimitUsageView } from './dto/rate-limit-usage.dto.js';
import { RateLimitMetrics } from './rate-limit-metrics.service.js';
import { counterKey, isAnonymous, RATE_LIMITS, ruleFor } from './rate-limit.policy.js';
import type { LimitedCaller, LimitRule, RateLimits } from './rate-limit.policy.js';
import { RATE_LIMIT_STORAGE } from './rate-limit-storage.port.js';
import type { RateLimitStorage } from './rate-limit-storage.port.js';
import { UsageDay } from './usage-day.policy.js';

const MOST_CALLERS = 10_000;
/** Apart from the others: a flood from many addresses must not push the known callers out. */
const MOST_ADDRESSES = 1000;
const DAY_MS = 86_400_000;
/** From this part of a limit on a caller is near it. */
const NEAR = 0.8;

interface Caller {
  who: LimitedCaller;
  /** When it was last near or over its limit, epoch milliseconds. */
  seenAt: number;
  lastRefusedAt: number | undefined;
  refused: UsageDay | undefined;
}

/** Who comes near a limit or goes over it, on this node, over the last day. Bounded; callers far from it cost nothing. */
@Injectable()
export class RateLimitUsage {
  private readonly callers = new LRUCache<string, Caller>({ max: MOST_CALLERS });
  private readonly addresses = new LRUCache<string, Caller>({ max: MOST_ADDRESSES });

  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(RATE_LIMIT_STORAGE) private readonly storage: RateLimitStorage,
    private readonly metrics: RateLimitMetrics,
  ) {}

  /** Notes how a counted request stood to its limit. */
  note(who: LimitedCaller, rule: LimitRule, count: WindowCount, time: number): void {
    if (count.used < count.limit * NEAR) return;
    const key = counterKey(who);
    const known = isAnonymous(who) ? this.addresses : this.callers;
    let caller = known.get(key);
    if (!caller) {
      caller = { who, seenAt: time, lastRefusedAt: undefined, refused: undefined };
      known.set(key, caller);
    }
    caller.who = who;
    caller.seenAt = time;
    if (count.allowed) return;
    caller.lastRefusedAt = time;
    (caller.refused ??= new UsageDay()).add(time);
    this.metrics.countRequest(rule);
  }

  /** The callers of the last day with the most refused requests, then the fullest windows, at most `most`. */
  async list(most: number, time: number): Promise<RateLimitUsageView[]> {
    const limits = RATE_LIMITS.of(this.changeFeed.current);
    const recent = [...this.callers.values(), ...this.addresses.values()]
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
    const { who, seenAt, lastRefusedAt } = caller;
    const rule = ruleFor(limits, who);
    const count = await this.storage.peek(counterKey(who), rule.windowMs, rule.limit);
    const remaining = count.limit - count.used;
    return {
      ...nameOf(who),
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

/** A caller as the list names it. */
function nameOf(
  who: LimitedCaller,
): Pick<RateLimitUsageView, 'kind' | 'tokenId' | 'name' | 'user' | 'address'> {
  if (isAnonymous(who)) return { kind: 'none', tokenId: null, name: null, user: null, address: who.address };
  const { kind, id, name } = who.credential;
  const token =
    kind === 'api-token' ? { tokenId: id ?? null, name: name ?? null } : { tokenId: null, name: null };
  return { kind, ...token, user: who.username, address: null };
}
