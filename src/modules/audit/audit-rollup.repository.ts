import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { startOfDay } from './audit-days.policy.js';
import type { SqlRunner } from './audit-insert.repository.js';
import { COUNTED, countedRows, LEVEL, notedRows, noteSql } from './audit-rollup.policy.js';

const HOUR_MS = 3_600_000;
const HOURS_OF_DAY = 24;
/** Counts that one statement adds, and events that one statement counts, as a rule: about a second's work. */
const MOST_AT_ONCE = 200_000;
const KEY = 'level, hour, application, decision, reason, username';

/** Adds what was noted first to the counts. Two at a time are right, too: neither takes what the other took. */
const MERGE = `
  WITH cut AS (
    SELECT max(id) AS id
      FROM (SELECT id, sum(entries) OVER (ORDER BY id) - entries AS before FROM audit_statistics_pending) AS waiting
     WHERE before < $1
  ), taken AS (
    DELETE FROM audit_statistics_pending WHERE id IN (
      SELECT id FROM audit_statistics_pending WHERE id <= (SELECT id FROM cut) ORDER BY id FOR UPDATE SKIP LOCKED)
    RETURNING *
  ), summed AS (
    SELECT CASE grouping(username) WHEN 0 THEN ${LEVEL.byUser} ELSE ${LEVEL.allUsers} END AS level,
           hour, application, decision, reason, coalesce(username, '') AS username, bucket, sum(n)::integer AS n
      FROM (${notedRows('taken')}) AS one
     GROUP BY GROUPING SETS ((${COUNTED}), (hour, application, decision, reason, bucket)) HAVING sum(n) <> 0
  ), packed AS (
    SELECT ${KEY}, sum(n) AS count, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts
      FROM summed GROUP BY ${KEY}
  ), added AS (
    INSERT INTO audit_statistics AS kept (${KEY}, count, buckets, counts)
    SELECT ${KEY}, count, buckets, counts FROM packed ORDER BY ${KEY}
    ON CONFLICT (${KEY}) DO UPDATE SET
      count = kept.count + excluded.count,
      (buckets, counts) = (
        SELECT coalesce(array_agg(bucket), '{}'), coalesce(array_agg(n), '{}')
          FROM (SELECT bucket, sum(n) AS n
                  FROM (SELECT * FROM unnest(kept.buckets, kept.counts)
                        UNION ALL SELECT * FROM unnest(excluded.buckets, excluded.counts)) AS both_of(bucket, n)
                 GROUP BY bucket HAVING sum(n) <> 0 ORDER BY bucket) AS merged)
    RETURNING hour, counts
  )
  SELECT (SELECT coalesce(sum(entries), 0)::int FROM taken) AS entries,
         min(hour) FILTER (WHERE counts = '{}') AS first, max(hour) FILTER (WHERE counts = '{}') AS last
    FROM added`;

const DELETE_EMPTY = "DELETE FROM audit_statistics WHERE hour >= $1 AND hour <= $2 AND counts = '{}'";

/** Notes what the events of some hours count as and the counts do not say, all as it is at one moment. */
const RECOUNT = noteSql(`
  SELECT ${COUNTED}, sum(n)::integer AS n
    FROM (
      SELECT ${COUNTED}, -n AS n FROM audit_statistics, unnest(buckets, counts) AS held(bucket, n)
       WHERE level = ${LEVEL.byUser} AND hour >= $1 AND hour < $2
      UNION ALL SELECT ${COUNTED}, -n FROM (${notedRows('audit_statistics_pending')}) AS one WHERE hour >= $1 AND hour < $2
      UNION ALL ${countedRows('audit_events', 1, 'time >= $1 AND time < $2')}
    ) AS compared
   GROUP BY ${COUNTED} HAVING sum(n) <> 0`);

/** Days with events that the counts do not know of, or know of although they are gone, newest first. */
const UNCOUNTED_DAYS =
  'SELECT DISTINCT day::text AS day FROM audit_chains WHERE rows <> counted ORDER BY 1 DESC';

/** Keeps the counts that statistics are made of. What is noted and not added yet belongs to them. */
@Injectable()
export class AuditRollupRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Days whose counts are not (yet) those of their events. */
  async uncountedDays(): Promise<string[]> {
    const rows = await this.dataSource.query<{ day: string }[]>(UNCOUNTED_DAYS);
    return rows.map(({ day }) => day);
  }

  /** Adds what was noted. */
  async merge(): Promise<void> {
    await mergeNoted(this.dataSource);
  }

  /** Makes the counts of a day those of its events. Events may come and go meanwhile. */
  async recount(day: string): Promise<void> {
    const chains = await this.dataSource.query<{ chain: string; rows: string; missing: string }[]>(
      'SELECT chain, rows, rows - counted AS missing FROM audit_chains WHERE day = $1::date',
      [day],
    );
    const events = chains.reduce((sum, { rows }) => sum + Number(rows), 0);
    const hours = Math.min(
      HOURS_OF_DAY,
      Math.max(1, Math.floor((HOURS_OF_DAY * MOST_AT_ONCE) / Math.max(1, events))),
    );
    for (let hour = 0; hour < HOURS_OF_DAY; hour += hours) {
      const begin = startOfDay(day) + hour * HOUR_MS;
      const end = startOfDay(day) + Math.min(HOURS_OF_DAY, hour + hours) * HOUR_MS;
      await this.dataSource.query(RECOUNT, [new Date(begin), new Date(end)]);
      await this.merge();
    }
    // Only what was missing before: what came since without being counted is seen the next time. One after another, so
    // that nobody who writes several chains waits for this while it waits for them.
    for (const { chain, missing } of chains) {
      if (missing === '0') continue;
      await this.dataSource.query('UPDATE audit_chains SET counted = counted + $2::bigint WHERE chain = $1', [
        chain,
        missing,
      ]);
    }
  }
}

/** Adds what was noted to the counts, in statements of bounded size. To be called by one node at a time. */
export async function mergeNoted(sql: SqlRunner): Promise<void> {
  for (let entries = MOST_AT_ONCE; entries >= MOST_AT_ONCE;) {
    const rows = await sql.query<{ entries: number; first: Date | null; last: Date | null }[]>(MERGE, [
      MOST_AT_ONCE,
    ]);
    const { first = null, last = null } = rows[0] ?? {};
    if (first && last) await sql.query(DELETE_EMPTY, [first, last]);
    entries = rows[0]?.entries ?? 0;
  }
}
