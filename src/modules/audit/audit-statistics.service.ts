import { Inject, Injectable } from '@nestjs/common';
import { CLOCK } from '../../lib/clock.js';
import type { Clock } from '../../lib/clock.js';
import { invalidField } from '../../platform/http/problem.js';
import { AuditEventsRepository } from './audit-events.repository.js';
import { filterConditions, timeOf } from './audit-filter.policy.js';
import { statisticsOf } from './audit-statistics.policy.js';
import type { StatisticsRow } from './audit-statistics.policy.js';
import type { AuditFilterQuery } from './dto/audit-filter.dto.js';
import type { AuditStatisticsView } from './dto/audit-statistics.dto.js';

const DAY_MS = 86_400_000;
const LONGEST_DAYS = 92;
const MOST_VALUES = 10;

/** Counts and durations of the requests in a time. */
@Injectable()
export class AuditStatistics {
  constructor(
    private readonly events: AuditEventsRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** By default of the last 24 hours. Throws 400 for a time longer than 92 days. */
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
    const sql = filterConditions({ category: 'request', ...filter, from, to });
    const rows = await this.events.read<StatisticsRow>(statisticsSql(sql.where), sql.values);
    return { from, to, ...statisticsOf(rows) };
  }
}

/** One pass over the events; of each group only the most frequent values come back. */
function statisticsSql(where: string): string {
  return `
    WITH matching AS (
      SELECT date_trunc('hour', time AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS hour,
             decision, reason, username, application, duration_ms
        FROM audit_events WHERE ${where}
    ), groups AS (
      SELECT hour, decision, reason, username, application, count(*) AS count,
             grouping(hour) AS all_hours, grouping(decision, reason, username, application) AS set
        FROM matching
       GROUP BY GROUPING SETS ((hour, decision), (decision), (hour, reason), (reason),
                               (hour, username), (username), (hour, application), (application))
    ), named AS (
      SELECT hour, count, all_hours,
             CASE set WHEN 7 THEN 'decision' WHEN 11 THEN 'reason' WHEN 13 THEN 'user' ELSE 'application' END AS dimension,
             CASE set WHEN 7 THEN decision WHEN 11 THEN reason WHEN 13 THEN username ELSE application END AS value
        FROM groups
    ), ranked AS (
      SELECT *, row_number() OVER (PARTITION BY all_hours, hour, dimension ORDER BY count DESC, value) AS rank
        FROM named WHERE value IS NOT NULL
    )
    SELECT hour, dimension, value, count, NULL::float8 AS p50, NULL::float8 AS p95 FROM ranked WHERE rank <= ${MOST_VALUES}
    UNION ALL
    SELECT hour, 'total', NULL, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms),
           percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms)
      FROM matching GROUP BY GROUPING SETS ((hour), ())
    ORDER BY count DESC, value`;
}
