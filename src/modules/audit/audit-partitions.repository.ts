import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ProblemError } from '../../platform/http/problem.js';
import { asLeader, LEADER_LOCKS } from '../../platform/schedule/leader-lock.js';
import type { DayRows } from './audit-days.policy.js';
import type { SqlRunner } from './audit-insert.repository.js';
import { dayAfter, partitionOf, startOfDay } from './audit-days.policy.js';
import { countedRows, noteSql } from './audit-rollup.policy.js';
import { mergeNoted } from './audit-rollup.repository.js';

/** The partitioned tables, and by what: the events, and the counts of each hour. */
const EVENTS = { parent: 'audit_events', by: 'time', storage: '' } as const;
/** Counts change while their day lasts: room on each page keeps their indexes out of it. */
const COUNTS = { parent: 'audit_statistics', by: 'hour', storage: 'WITH (fillfactor = 80)' } as const;
type Family = typeof EVENTS | typeof COUNTS;
const DEFAULT_PARTITION = 'audit_events_default';
/** Nobody waits longer for us than this: inserts queue behind a lock that we wait for. */
const LOCK_TIMEOUT_MS = 250;
const LOCK_NOT_AVAILABLE = '55P03';
const LOCK_ATTEMPTS = 12;
const LOCK_PAUSE_MS = 100;

/** Rows that were deleted of one chain. */
export interface DeletedRows {
  readonly chain: string;
  readonly rows: number;
  /** The highest number among them. */
  readonly top: number;
}

/** What one statement deletes: events of a day from `from` to `before`, the oldest first, `limit` at most. */
export interface DeleteRange {
  readonly day: string;
  readonly from: number;
  readonly before: number;
  readonly limit: number;
}

/** The tables that hold the events and their counts: one per day, and a default one for days that have none. */
@Injectable()
export class AuditPartitionsRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Makes the tables of these days; those that are there already stay. Rows that wait in the default table move. */
  async ensure(days: readonly string[]): Promise<void> {
    for (const day of days) {
      for (const family of [EVENTS, COUNTS]) {
        if (!(await this.exists(day, family.parent)))
          await this.withLockTimeout((manager) => this.create(manager, family, day));
      }
    }
  }

  /** The oldest day that has events in the default table. */
  async oldestStray(): Promise<string | undefined> {
    const rows = await this.dataSource.query<{ time: Date | null }[]>(
      `SELECT min(time) AS time FROM ${DEFAULT_PARTITION}`,
    );
    return rows[0]?.time?.toISOString().slice(0, 10);
  }

  /** How many events each day holds, as the chains know it: no table is read. */
  async rowsPerDay(): Promise<DayRows[]> {
    const rows = await this.dataSource.query<{ day: string; rows: string }[]>(
      'SELECT day::text AS day, sum(rows) AS rows FROM audit_chains GROUP BY day',
    );
    return rows.map(({ day, rows: count }) => ({ day, rows: Number(count) }));
  }

  /**
   * Deletes the days that have a table of their own, and their counts, in no time, and answers those. `sealed` runs in
   * the transaction. Several at once: each statement of this kind makes the server look through all of its memory.
   */
  async dropDays(
    days: readonly string[],
    sealed: (manager: EntityManager, dropped: readonly string[]) => Promise<void>,
  ): Promise<readonly string[]> {
    const dropped: string[] = [];
    for (const day of days) if (await this.exists(day)) dropped.push(day);
    if (dropped.length === 0) return dropped;
    // Less is left to do while the tables are locked. Another node that is at it does the same.
    await asLeader(this.dataSource, LEADER_LOCKS.auditStatistics, () => mergeNoted(this.dataSource));
    await this.withLockTimeout(async (manager) => {
      await manager.query(LOCK_COUNTS);
      await manager.query(`DROP TABLE ${dropped.map((day) => partitionOf(day)).join(', ')}`);
      await dropCounts(manager, dropped);
      await manager.query('DELETE FROM audit_chains WHERE day = ANY ($1::date[])', [dropped]);
      await sealed(manager, dropped);
    });
    return dropped;
  }

  /**
   * Deletes the oldest events of a range. `upTo` is the time of the newest of them: the next statement need not
   * look at older ones again, which would cost more each time, as what was deleted stays in the index for a while.
   */
  async deleteOldest(
    { day, from, before, limit }: DeleteRange,
    sealed: (manager: EntityManager, deleted: readonly DeletedRows[]) => Promise<void>,
  ): Promise<{ rows: number; upTo: number }> {
    const table = (await this.exists(day)) ? partitionOf(day) : DEFAULT_PARTITION;
    return this.dataSource.transaction(async (manager) => {
      const found = await manager.query<(DeletedRows & { last: Date })[]>(deleteSql(table), [
        new Date(Math.max(from, startOfDay(day))),
        new Date(Math.min(before, startOfDay(dayAfter(day, 1)))),
        limit,
      ]);
      const deleted = found.map(({ chain, rows, top }) => ({ chain, rows, top }));
      if (deleted.length > 0) await sealed(manager, deleted);
      return {
        rows: deleted.reduce((sum, { rows }) => sum + rows, 0),
        upTo: Math.max(from, ...found.map(({ last }) => last.getTime())),
      };
    });
  }

  /** Forgets the chains of a day whose events are all gone. */
  async forgetDay(day: string, sealed: (manager: EntityManager) => Promise<void>): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.query('DELETE FROM audit_chains WHERE day = $1::date', [day]);
      await sealed(manager);
    });
  }

  /**
   * Deletes the counts of days that have no event any more. Only a replica of an older version leaves such: it does
   * not know of counts.
   */
  async dropOrphans(): Promise<void> {
    if ((await orphans(this.dataSource)).length === 0) return;
    await this.withLockTimeout(async (manager) => {
      await manager.query(LOCK_COUNTS);
      // Nothing is written while it is looked at once more: a late event would bring its day back.
      await manager.query('LOCK TABLE ONLY audit_events IN SHARE MODE');
      await dropCounts(manager, await orphans(manager));
    });
  }

  private async exists(
    day: string,
    parent: Family['parent'] = EVENTS.parent,
    sql: SqlRunner = this.dataSource,
  ): Promise<boolean> {
    const rows = await sql.query<{ found: boolean }[]>('SELECT to_regclass($1) IS NOT NULL AS found', [
      partitionOf(day, parent),
    ]);
    return rows[0]?.found === true;
  }

  private async create(manager: EntityManager, { parent, by, storage }: Family, day: string): Promise<void> {
    const table = partitionOf(day, parent);
    const range = [`${day} 00:00:00+00`, `${dayAfter(day, 1)} 00:00:00+00`] as const;
    await manager.query(`LOCK TABLE ${parent}_default IN ACCESS EXCLUSIVE MODE`);
    if (await this.exists(day, parent, manager)) return;
    await manager.query(
      `CREATE TABLE ${table} (LIKE ${parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS) ${storage}`,
    );
    await manager.query(
      `WITH moved AS (DELETE FROM ${parent}_default WHERE ${by} >= $1 AND ${by} < $2 RETURNING *)
       INSERT INTO ${table} SELECT * FROM moved`,
      [...range],
    );
    await manager.query(
      `ALTER TABLE ${parent} ATTACH PARTITION ${table} FOR VALUES FROM ('${range[0]}') TO ('${range[1]}')`,
    );
  }

  private async withLockTimeout(work: (manager: EntityManager) => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.dataSource.transaction(async (manager) => {
          await manager.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
          await work(manager);
        });
      } catch (error) {
        if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
        if (attempt >= LOCK_ATTEMPTS) throw inUse();
        await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE_MS));
      }
    }
  }
}

/** Whoever adds counts has to be done, and has to wait. Before the events are locked, as readers of both do. */
const LOCK_COUNTS = 'LOCK TABLE ONLY audit_statistics IN ACCESS EXCLUSIVE MODE';

/** Days with counts, in tables of their own or in the default one, but without any event. */
const ORPHANS = `
  SELECT day::text AS day FROM (
    SELECT to_date(right(relname, 8), 'YYYYMMDD') AS day
      FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
     WHERE inhparent = 'audit_statistics'::regclass AND relname ~ '_p[0-9]{8}$'
       AND to_regclass('audit_events_p' || right(relname, 8)) IS NULL
    UNION
    SELECT (hour AT TIME ZONE 'UTC')::date FROM audit_statistics_default
  ) AS held
  WHERE NOT EXISTS (SELECT FROM audit_chains WHERE audit_chains.day = held.day)`;

async function orphans(sql: SqlRunner): Promise<string[]> {
  return (await sql.query<{ day: string }[]>(ORPHANS)).map(({ day }) => day);
}

/** In the transaction that deletes the events of these days, under `LOCK_COUNTS`. */
async function dropCounts(manager: EntityManager, days: readonly string[]): Promise<void> {
  if (days.length === 0) return;
  await manager.query(
    `DROP TABLE IF EXISTS ${days.map((day) => partitionOf(day, COUNTS.parent)).join(', ')}`,
  );
  // What was noted of these days until now must not come back later.
  await mergeNoted(manager);
  await manager.query(
    "DELETE FROM audit_statistics_default WHERE (hour AT TIME ZONE 'UTC')::date = ANY ($1::date[])",
    [days],
  );
}

function inUse(): ProblemError {
  const detail =
    'Something reads the audit log for long, for example a verification. Try again when it is over.';
  return new ProblemError(409, 'conflict', detail);
}

function deleteSql(table: string): string {
  return `
    WITH gone AS (
      DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM ${table} WHERE time >= $1 AND time < $2 ORDER BY time, id LIMIT $3))
      RETURNING chain, seq, category, time, application, decision, reason, username, duration_ms
    ), chains AS (
      SELECT chain, count(*)::int AS rows, max(seq) AS top, max(time) AS last FROM gone GROUP BY chain
    ), kept AS (
      UPDATE audit_chains SET rows = audit_chains.rows - chains.rows, counted = counted - chains.rows
        FROM chains WHERE audit_chains.chain = chains.chain RETURNING 1
    ), noted AS (
      ${noteSql(countedRows('gone', -1))}
    )
    SELECT chain, rows, top, last FROM chains ORDER BY chain`;
}
