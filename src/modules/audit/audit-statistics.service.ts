import { Inject, Injectable } from '@nestjs/common';
import { CLOCK } from '../../lib/clock.js';
import type { Clock } from '../../lib/clock.js';
import { invalidField } from '../../platform/http/problem.js';
import { AuditEventsRepository } from './audit-events.repository.js';
import { timeOf } from './audit-filter.policy.js';
import { AuditRollupRepository } from './audit-rollup.repository.js';
import { isCounted, planReading } from './audit-statistics-plan.policy.js';
import { figuresOfCounts, figuresOfEvents } from './audit-statistics-sql.policy.js';
import { statisticsOf } from './audit-statistics.policy.js';
import type { StatisticsRow } from './audit-statistics.policy.js';
import type { AuditFilterQuery } from './dto/audit-filter.dto.js';
import type { AuditStatisticsView } from './dto/audit-statistics.dto.js';

const DAY_MS = 86_400_000;
const LONGEST_DAYS = 92;
/** Compiling the plan takes longer than running it, and so does sorting on disk. */
const SETTINGS = "SET LOCAL jit = off; SET LOCAL work_mem = '64MB'";

/** Counts and durations of the requests in a time. */
@Injectable()
export class AuditStatistics {
  constructor(
    private readonly events: AuditEventsRepository,
    private readonly rollups: AuditRollupRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * By default of the last 24 hours. From counts per hour where they know what the filter asks for, otherwise from the
   * events. Throws 400 for a time longer than 92 days, and 503 `audit_query_timeout` when reading takes too long.
   */
  async read(filter: AuditFilterQuery): Promise<AuditStatisticsView> {
    const to =
      filter.to === undefined ? new Date(this.clock.now() + 1).toISOString() : timeOf('to', filter.to);
    const from =
      filter.from === undefined
        ? new Date(Date.parse(to) - DAY_MS).toISOString()
        : timeOf('from', filter.from);
    if (Date.parse(to) - Date.parse(from) > LONGEST_DAYS * DAY_MS) {
      throw invalidField('from', `must be at most ${LONGEST_DAYS} days before to`);
    }
    return { from, to, ...statisticsOf(await this.rows({ ...filter, from, to })) };
  }

  private async rows(filter: AuditFilterQuery & { from: string; to: string }): Promise<StatisticsRow[]> {
    if (!isCounted(filter)) return this.events.read<StatisticsRow>(figuresOfEvents(filter));
    const asked = { from: Date.parse(filter.from), to: Date.parse(filter.to) };
    const plan = planReading(asked, this.clock.now(), await this.rollups.uncountedDays());
    return this.events.read<StatisticsRow>(figuresOfCounts(filter, plan), SETTINGS);
  }
}
