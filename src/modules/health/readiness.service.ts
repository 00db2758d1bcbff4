import { Injectable } from '@nestjs/common';
import type { CheckView, ReadinessView } from './dto/health-view.dto.js';
import type { CheckOptions, CheckResult, HealthCheck, HealthPort } from './health.port.js';

const CHECK_TIMEOUT_MS = 2000;
const FRESH_MS = 1000;

interface Registration {
  readonly name: string;
  readonly check: HealthCheck;
  readonly required: boolean;
  readonly effect: string | undefined;
}

/** Runs the checks that features registered. */
@Injectable()
export class ReadinessService implements HealthPort {
  private readonly registrations: Registration[] = [];
  private shuttingDown = false;
  private latest: { readonly at: number; readonly checks: Promise<Record<string, CheckView>> } | undefined;

  register(name: string, check: HealthCheck, options: CheckOptions = {}): void {
    if (this.registrations.some((other) => other.name === name)) {
      throw new Error(`The health check ${name} is registered twice.`);
    }
    const { required = false, effect } = options;
    this.registrations.push({ name, check, required, effect });
  }

  shutDown(): void {
    this.shuttingDown = true;
  }

  /** Whether this node is ready, by checks that are at most a second old. */
  async readiness(now = Date.now()): Promise<ReadinessView> {
    if (!this.latest || now - this.latest.at >= FRESH_MS) this.latest = { at: now, checks: this.runAll() };
    const checks = await this.latest.checks;
    return { status: this.shuttingDown ? 'shutting-down' : overall(Object.values(checks)), checks };
  }

  private async runAll(): Promise<Record<string, CheckView>> {
    const views = await Promise.all(
      this.registrations.map(async (one) => [one.name, await run(one)] as const),
    );
    return Object.fromEntries(views.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function overall(checks: readonly CheckView[]): ReadinessView['status'] {
  if (checks.some(({ status, required }) => required && status === 'down')) return 'unavailable';
  return checks.every(({ status }) => status === 'up') ? 'ok' : 'degraded';
}

async function run({ check, required, effect }: Registration): Promise<CheckView> {
  const result = await inTime(check);
  const warned = (result.warnings ?? []).length > 0;
  return {
    status: result.ok ? (warned ? 'degraded' : 'up') : 'down',
    required,
    ...(effect === undefined ? {} : { effect }),
    ...(result.detail === undefined ? {} : { detail: result.detail }),
    ...(warned ? { warnings: [...(result.warnings ?? [])] } : {}),
  };
}

/** A check that throws is down; its error stays inside because readiness is public. */
async function inTime(check: HealthCheck): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, detail: 'It did not answer in time.' }), CHECK_TIMEOUT_MS);
  });
  const asked = Promise.resolve()
    .then(check)
    .catch((): CheckResult => ({ ok: false, detail: 'It cannot be reached.' }));
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
