import { pino } from 'pino';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { compileRateLimits, RATE_LIMITS } from '../../../src/modules/rate-limit/rate-limit.policy.js';
import { FailedAuthentications } from '../../../src/modules/rate-limit/failed-authentications.service.js';
import { InProcessStorage } from '../../../src/modules/rate-limit/in-process-storage.service.js';
import { RateLimitGuard } from '../../../src/modules/rate-limit/rate-limit.guard.js';
import { RateLimitMetrics } from '../../../src/modules/rate-limit/rate-limit-metrics.service.js';
import { DEFAULT_RATE_LIMIT } from '../../../src/modules/rate-limit/rate-limit-settings.policy.js';
import type { RateLimitSettings } from '../../../src/modules/rate-limit/rate-limit-settings.policy.js';
import type { RateLimitStorage } from '../../../src/modules/rate-limit/rate-limit-storage.port.js';
import { RateLimitUsage } from '../../../src/modules/rate-limit/rate-limit-usage.service.js';
import type { CheckResult } from '../../../src/modules/health/health.port.js';
import type { Exchange, Principal } from '../../../src/modules/decisions/exchange.port.js';
import { forwardNow } from '../../../src/modules/decisions/pipeline.port.js';
import type { ChangeFeedPort } from '../../../src/platform/change-feed/change-feed.port.js';
import type { Snapshot } from '../../../src/platform/change-feed/snapshot.js';
import { exchange, snapshotWith, user } from '../../factories/exchange.js';

/** A change feed that only holds a snapshot, which tests replace. */
export class HeldSettings {
  current: Snapshot = snapshotWith(RATE_LIMITS, compileRateLimits(DEFAULT_RATE_LIMIT));

  set(change: Partial<RateLimitSettings>): Snapshot {
    this.current = snapshotWith(
      RATE_LIMITS,
      compileRateLimits({ ...DEFAULT_RATE_LIMIT, enabled: true, ...change }),
    );
    return this.current;
  }
}

/** The rate-limit step and its services without Nest. */
export class RateLimitBench {
  readonly settings = new HeldSettings();
  readonly registry = new Registry();
  readonly metrics = new RateLimitMetrics(this.registry);
  readonly usage: RateLimitUsage;
  readonly guard: RateLimitGuard;
  readonly failures: FailedAuthentications;

  constructor(storage: RateLimitStorage = new InProcessStorage()) {
    const feed = this.settings as unknown as ChangeFeedPort;
    this.usage = new RateLimitUsage(feed, storage, this.metrics);
    this.guard = new RateLimitGuard(storage, this.usage);
    this.failures = new FailedAuthentications(feed, this.metrics);
  }

  /** What a request of the principal is answered, and its answer headers. */
  ask(principal: Principal, change: Partial<Exchange> = {}): Promise<Asked> {
    const { kind } = principal.credential;
    return this.decide({ principal, credential: { kind, form: 'bearer', secret: '' }, ...change });
  }

  /** What a call is answered that was let through without a credential. */
  askAsNobody(clientIp: string, change: Partial<Exchange> = {}): Promise<Asked> {
    const decision = forwardNow('anonymous');
    return this.decide({
      clientIp,
      decision,
      credential: { kind: 'none', form: 'none', secret: '' },
      ...change,
    });
  }

  private async decide(change: Partial<Exchange>): Promise<Asked> {
    const request = exchange({ snapshot: this.settings.current, time: Date.now(), ...change });
    const result = await this.guard.decide(request);
    const fields = request.answerHeaders;
    const headers: Record<string, string> = {};
    for (let i = 0; i < fields.length; i += 2) headers[fields[i] as string] = fields[i + 1] as string;
    return { result, headers, fields };
  }
}

export interface Asked {
  result: Awaited<ReturnType<RateLimitGuard['decide']>>;
  headers: Record<string, string>;
  fields: string[];
}

export function token(id = 't1', change: Partial<Principal> = {}): Principal {
  return user({ credential: { kind: 'api-token', id, name: 'ci' }, ...change });
}

/** A health port that keeps the checks, for tests to run. */
export class HeldChecks {
  private readonly checks = new Map<string, () => CheckResult | Promise<CheckResult>>();

  register(name: string, check: () => CheckResult | Promise<CheckResult>): void {
    this.checks.set(name, check);
  }

  shutDown(): void {
    this.checks.clear();
  }

  async run(name: string): Promise<CheckResult | undefined> {
    return this.checks.get(name)?.();
  }
}

/** A logger whose lines tests can read. */
export function heldLog(): { log: Logger; lines: { level: number; msg: string }[] } {
  const lines: { level: number; msg: string }[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as { level: number; msg: string });
  return { log: pino({ level: 'info' }, { write }), lines };
}
