import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { startOfDay } from './audit-days.policy.js';
import type { SqlRunner } from './audit-insert.repository.js';
import { COUNTED, countedRows, LEVEL, notedRows, noteSql } from './audit-rollup.policy.js';

const HOUR_MS = 3_600_000;
const HOURS_OF_DAY = 24;
/** Counts that one statement adds at most: about a second's work. */
const MOST_AT_ONCE = 200_000;
const KEY = `level, ${COUNTED}`;

/** In the order of the key: whoever else adds counts at the same time waits, and neither waits for the other. */
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
    SELECT CASE grouping(username, bucket) WHEN 0 THEN ${LEVEL.full} WHEN 1 THEN ${LEVEL.users} ELSE ${LEVEL.durations} END AS level,
           hour, application, decision, reason, coalesce(username, '') AS username, coalesce(bucket, 0) AS bucket,
           sum(n) AS count
      FROM (${notedRows('taken')}) AS one
     GROUP BY GROUPING SETS ((${COUNTED}), (hour, application, decision, reason, username),
                             (hour, application, decision, reason, bucket))
    HAVING sum(n) <> 0
  ), added AS (
    INSERT INTO audit_statistics AS kept (${KEY}, count)
    SELECT ${KEY}, count FROM summed ORDER BY ${KEY}
    ON CONFLICT (${KEY}) DO UPDATE SET count = kept.count + excluded.count
    RETURNING hour, count
  )
  SELECT (SELECT coalesce(sum(entries), 0)::int FROM taken) AS entries,
         min(hour) FILTER (WHERE count = 0) AS first, max(hour) FILTER (WHERE count = 0) AS last
    FROM added`;

const DELETE_ZEROS = 'DELETE FROM audit_statistics WHERE hour >= $1 AND hour <= $2 AND count = 0';

/** Notes what the events of an hour count as and the counts do not say, all as it is at one moment. */
const RECOUNT = noteSql(`
  SELECT ${COUNTED}, sum(n)::integer AS n
    FROM (
      SELECT ${COUNTED}, -count AS n FROM audit_statistics WHERE level = ${LEVEL.full} AND hour = $1
      UNION ALL SELECT ${COUNTED}, -n FROM (${notedRows('audit_statistics_pending')}) AS one WHERE hour = $1
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
    const missing = await this.dataSource.query<{ chain: string; missing: string }[]>(
      'SELECT chain, rows - counted AS missing FROM audit_chains WHERE day = $1::date AND rows <> counted',
      [day],
    );
    for (let hour = 0; hour < HOURS_OF_DAY; hour++) {
      const begin = startOfDay(day) + hour * HOUR_MS;
      await this.dataSource.query(RECOUNT, [new Date(begin), new Date(begin + HOUR_MS)]);
    }
    // Only what was missing before: what came since without being counted is seen the next time.
    await this.dataSource.query(
      `UPDATE audit_chains SET counted = counted + found.missing
         FROM unnest($1::text[], $2::bigint[]) AS found(chain, missing) WHERE audit_chains.chain = found.chain`,
      [missing.map(({ chain }) => chain), missing.map((row) => row.missing)],
    );
    await this.merge();
  }
}

/** Adds what was noted to the counts, in statements of bounded size. */
export async function mergeNoted(sql: SqlRunner): Promise<void> {
  for (let entries = MOST_AT_ONCE; entries >= MOST_AT_ONCE;) {
    const rows = await sql.query<{ entries: number; first: Date | null; last: Date | null }[]>(MERGE, [
      MOST_AT_ONCE,
    ]);
    const { first = null, last = null } = rows[0] ?? {};
    if (first && last) await sql.query(DELETE_ZEROS, [first, last]);
    entries = rows[0]?.entries ?? 0;
  }
}
