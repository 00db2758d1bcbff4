import { Inject, Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import { DataSource } from 'typeorm';
import { ChangeFeedService } from '../../platform/change-feed/change-feed.service.js';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';
import { METRICS } from '../../platform/metrics/metrics.js';
import type { CheckResult } from './health.port.js';
import { ReadinessService } from './readiness.service.js';

/** The checks of what belongs to no feature, and the metrics of all checks. */
@Injectable()
export class OwnChecks {
  constructor(
    checks: ReadinessService,
    dataSource: DataSource,
    changeFeed: ChangeFeedService,
    @Inject(METRICS) metrics: Registry,
    @Inject(CONFIG) config: Config,
  ) {
    checks.register('database', () => askDatabase(dataSource), {
      required: true,
      effect:
        'API calls go on from memory. Settings, tokens and browser sessions cannot be changed or made. Audit events wait on disk.',
    });
    checks.register('change-feed', () => listening(changeFeed), {
      effect:
        'Changes that were made on other nodes, revoked tokens too, are in force here later than usual.',
    });
    exportChecks(checks, metrics);
    new Gauge({
      name: 'restgate_info',
      help: 'Always 1; the label tells the version.',
      labelNames: ['version'],
      registers: [metrics],
    }).set({ version: config.version }, 1);
  }
}

async function askDatabase(dataSource: DataSource): Promise<{ ok: true }> {
  await dataSource.query('SELECT 1');
  return { ok: true };
}

function listening(changeFeed: ChangeFeedService): CheckResult {
  return changeFeed.listening ? { ok: true } : { ok: false, detail: 'The listening connection is down.' };
}

function exportChecks(checks: ReadinessService, metrics: Registry): void {
  new Gauge({
    name: 'restgate_health_check',
    help: '1: the dependency works; 0.5: it works with warnings; 0: it is down.',
    labelNames: ['check'],
    registers: [metrics],
    async collect() {
      const readiness = await checks.readiness();
      for (const [check, { status }] of Object.entries(readiness.checks)) {
        this.set({ check }, status === 'up' ? 1 : status === 'degraded' ? 0.5 : 0);
      }
    },
  });
}
