import { filterConditions, SqlConditions, storable } from './audit-filter.policy.js';
import type { SqlStatement } from './audit-filter.policy.js';
import { BUCKET_WIDTH, COUNTED, countedRows, LEVEL, notedRows, SHORTEST_MS } from './audit-rollup.policy.js';
import type { ReadingPlan } from './audit-statistics-plan.policy.js';
import type { AuditFilterQuery } from './dto/audit-filter.dto.js';

const MOST_VALUES = 10;

/** The figures of the events that match, from the events themselves: one pass over them. */
export function figuresOfEvents(filter: AuditFilterQuery): SqlStatement {
  const sql = filterConditions({ category: 'request', ...filter });
  const text = `
    WITH matching AS (
      SELECT date_trunc('hour', time AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS hour,
             decision, reason, username, application, duration_ms
        FROM audit_events WHERE ${sql.where}
    ), groups AS (
      SELECT hour, decision, reason, username, application, count(*) AS count,
             grouping(hour) AS all_hours, grouping(decision, reason, username, application) AS set
        FROM matching
       GROUP BY GROUPING SETS ((hour, decision), (decision), (hour, reason), (reason),
                               (hour, username), (username), (hour, application), (application))
    ), named AS (
      SELECT hour, count, all_hours,
             CASE set WHEN 7 THEN 'decision' WHEN 11 THEN 'reason' WHEN 13 THEN 'user' ELSE 'application' END AS dimension,
             CASE set WHEN 7 THEN decision WHEN 11 THEN reason WHEN 13 THEN username ELSE application END COLLATE "C" AS value
        FROM groups
    ), ranked AS (
      SELECT *, row_number() OVER (PARTITION BY all_hours, hour, dimension ORDER BY count DESC, value) AS rank
        FROM named WHERE value <> ''
    )
    ${byHour(`
      SELECT hour, dimension, value, count, NULL::float8 AS p50, NULL::float8 AS p95 FROM ranked WHERE rank <= ${MOST_VALUES}
      UNION ALL
      SELECT hour, 'total', NULL, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms),
             percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms)
        FROM matching GROUP BY GROUPING SETS ((hour), ())`)}`;
  return { text, values: sql.values };
}

/**
 * The same figures from the counts of the hours, for filters that those know (`isCounted`). Numbers of requests are
 * exactly those of the events. A duration is known to its bucket: p50 and p95 are less than 10 % off.
 */
export function figuresOfCounts(filter: AuditFilterQuery, plan: ReadingPlan): SqlStatement {
  const sql = new SqlConditions();
  const matching = conditionsOf(filter, sql);
  const hours = hoursOf(plan, sql);
  const kept = (level: number): string =>
    `audit_statistics WHERE level = ${level} AND ${hours} AND ${matching.counts}`;
  const noted = `SELECT * FROM (${notedRows('audit_statistics_pending')}) AS one WHERE ${hours} AND ${matching.counts}`;
  const events = plan.events.map(({ from, to, sign }) => {
    const time = `time >= ${sql.value(new Date(from))}::timestamptz AND time < ${sql.value(new Date(to))}::timestamptz`;
    return countedRows('audit_events', sign, `${time} AND ${matching.events}`);
  });
  const text = `
    WITH kept AS MATERIALIZED (
      SELECT hour, application, decision, reason, count, buckets, counts
        FROM ${kept(filter.user === undefined ? LEVEL.allUsers : LEVEL.byUser)}
    ), loose AS MATERIALIZED (
      SELECT ${COUNTED}, sum(n)::integer AS n FROM (${[noted, ...events].join(' UNION ALL ')}) AS one
       GROUP BY ${COUNTED} HAVING sum(n) <> 0
    ), ${RANKED}, ${TOTALS}, ${usersOf(kept(LEVEL.byUser))}
    ${byHour(`
      SELECT hour, dimension, value, count, NULL::float8 AS p50, NULL::float8 AS p95 FROM ranked WHERE rank <= ${MOST_VALUES}
      UNION ALL SELECT hour, 'user', value, count, NULL, NULL FROM users
      UNION ALL SELECT NULL, 'user', value, count, NULL, NULL FROM all_users
      UNION ALL SELECT hour, 'total', NULL, count::bigint, p50, p95 FROM totals`)}`;
  return { text, values: sql.values };
}

/** One row per hour, and one for all: ten thousands of rows would hold up the event loop. */
function byHour(groups: string): string {
  return `SELECT hour, json_agg(json_build_array(dimension, value, count, p50, p95) ORDER BY count DESC, value) AS groups
    FROM (${groups}) AS figures GROUP BY hour`;
}

/** The filters as conditions on the counts and on the events: the latter so that indexes are seen to fit. */
function conditionsOf(
  filter: Pick<AuditFilterQuery, 'application' | 'decision' | 'reason' | 'user'>,
  sql: SqlConditions,
): { counts: string; events: string } {
  const counts: string[] = [];
  const events: string[] = [];
  for (const column of ['application', 'decision', 'reason'] as const) {
    const wanted = filter[column];
    if (wanted === undefined) continue;
    const condition = `${column} = ${sql.value(storable(wanted))}`;
    counts.push(condition);
    events.push(
      column === 'decision' && wanted !== 'forwarded'
        ? `${condition} AND decision <> 'forwarded'`
        : condition,
    );
  }
  if (filter.user !== undefined) {
    const user = sql.value(storable(filter.user));
    counts.push(`lower(username COLLATE "default") = lower(${user})`);
    events.push(`lower(username) = lower(${user})`);
  }
  return { counts: ['true', ...counts].join(' AND '), events: ['true', ...events].join(' AND ') };
}

function hoursOf({ hours, without }: ReadingPlan, sql: SqlConditions): string {
  const range = `hour >= ${sql.value(new Date(hours.from))}::timestamptz AND hour < ${sql.value(new Date(hours.to))}::timestamptz`;
  if (without.length === 0) return range;
  return `${range} AND (hour AT TIME ZONE 'UTC')::date <> ALL (${sql.value(without)}::date[])`;
}

/** The most frequent values of everything but users. */
const RANKED = `
  routes AS MATERIALIZED (
    SELECT hour, application, decision, reason, sum(n)::integer AS n
      FROM (SELECT hour, application, decision, reason, count AS n FROM kept
            UNION ALL SELECT hour, application, decision, reason, n FROM loose) AS one
     GROUP BY hour, application, decision, reason HAVING sum(n) > 0
  ), grouped AS (
    SELECT hour, application, decision, reason, sum(n) AS count,
           grouping(hour) AS all_hours, grouping(application, decision, reason) AS set
      FROM routes
     GROUP BY GROUPING SETS ((hour, application), (application), (hour, decision), (decision), (hour, reason), (reason))
  ), named AS (
    SELECT hour, count, all_hours,
           CASE set WHEN 3 THEN 'application' WHEN 5 THEN 'decision' ELSE 'reason' END AS dimension,
           CASE set WHEN 3 THEN application WHEN 5 THEN decision ELSE reason END AS value
      FROM grouped
  ), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY all_hours, hour, dimension ORDER BY count DESC, value) AS rank
      FROM named WHERE value <> ''
  )`;

/** The most frequent users: hour by hour, which is faster than sorting the users of all hours. */
function usersOf(kept: string): string {
  const most = (from: string): string =>
    `SELECT username AS value, sum(n) AS count FROM (${from}) AS one WHERE username <> ''
      GROUP BY username HAVING sum(n) > 0 ORDER BY count DESC, value LIMIT ${MOST_VALUES}`;
  return `
  loose_users AS MATERIALIZED (
    SELECT hour, array_agg(username) AS usernames, array_agg(n) AS counts FROM loose GROUP BY hour
  ), users AS (
    SELECT busy.hour, most.value, most.count
      FROM (SELECT DISTINCT hour FROM routes) AS busy LEFT JOIN loose_users USING (hour)
      CROSS JOIN LATERAL (${most(
        `SELECT username, count AS n FROM ${kept} AND hour = busy.hour
         UNION ALL SELECT * FROM unnest(usernames, counts)`,
      )}) AS most
  ), all_users AS (
    ${most(`SELECT username, sum(count)::integer AS n FROM ${kept} GROUP BY username UNION ALL SELECT username, n FROM loose`)}
  )`;
}

/**
 * How many, and the quantiles of their durations: of the requests of one bucket the k-th is taken to be k steps above
 * the bucket's begin, and between two requests it goes on as a line, as percentile_cont does.
 */
const TOTALS = `
  steps AS (
    SELECT hour, grouping(hour) AS all_hours, bucket, sum(n)::float8 AS n
      FROM (SELECT hour, bucket, n FROM kept, unnest(buckets, counts) AS held(bucket, n)
            UNION ALL SELECT hour, bucket, n FROM loose) AS one
     GROUP BY GROUPING SETS ((hour, bucket), (bucket)) HAVING sum(n) > 0
  ), ladder AS (
    SELECT *, sum(n) OVER whole AS count, sum(n) FILTER (WHERE bucket > 0) OVER whole AS timed,
           sum(n) FILTER (WHERE bucket > 0) OVER rising - n AS below
      FROM steps
    WINDOW whole AS (PARTITION BY all_hours, hour), rising AS (PARTITION BY all_hours, hour ORDER BY bucket)
  ), totals AS (
    SELECT hour, count, ${quantile(0.5)} AS p50, ${quantile(0.95)} AS p95
      FROM ladder GROUP BY all_hours, hour, count, timed
  )`;

function quantile(share: number): string {
  const place = `(${share}::float8 * (timed - 1))`;
  const at = (whole: string): string =>
    `max(${SHORTEST_MS} * ${1 + BUCKET_WIDTH}::float8 ^ (bucket - 1) * (1 + ${BUCKET_WIDTH} * (${whole} - below + 0.5) / n))
       FILTER (WHERE bucket > 0 AND below <= ${whole} AND ${whole} < below + n)`;
  const [lower, upper] = [`floor${place}`, `ceil${place}`];
  return `${at(lower)} + (${place} - ${lower}) * (${at(upper)} - ${at(lower)})`;
}
