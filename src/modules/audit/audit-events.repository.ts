import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Semaphore } from '../../lib/semaphore.js';
import { ProblemError } from '../../platform/http/problem.js';
import type { AuditCursor } from './audit-cursor.policy.js';
import { startOfDay } from './audit-days.policy.js';
import { filterConditions, timeOf } from './audit-filter.policy.js';
import type { SqlStatement } from './audit-filter.policy.js';
import type { AuditRow } from './audit-row.policy.js';
import {
  FIRST_SPAN_MS,
  nextSpan,
  PAGE_BUDGET_MS,
  smallerSpan,
  statementLimit,
} from './audit-search.policy.js';
import { restoreRow } from './audit-view.policy.js';
import type { StoredRow } from './audit-view.policy.js';
import type { AuditFilterQuery } from './dto/audit-filter.dto.js';

/** SQLSTATE of a statement that took longer than `statement_timeout`. */
const QUERY_CANCELED = '57014';
/** However many dashboards ask for figures: the other connections are for settings and for writing events. */
const LARGE_READS = 2;
/** Before every event of its moment: the place of a page that ends between events. */
const LOWEST_ID = '00000000-0000-0000-0000-000000000000';

/** One page of a search. */
export interface FoundEvents {
  readonly rows: readonly AuditRow[];
  /** Where the next page begins; undefined when everything was searched. */
  readonly next?: AuditCursor;
  /** Set when the page ended for its time, not because it was full: everything since then was searched. */
  readonly searchedTo?: string;
}

/** A statement of a search: events before `end` (undefined: as new as there are), back to `start` (or all). */
interface SearchStep {
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly limit: number;
  readonly timeoutMs: number;
}

/** Reads events. */
@Injectable()
export class AuditEventsRepository {
  private readonly largeReads = new Semaphore(LARGE_READS);

  constructor(private readonly dataSource: DataSource) {}

  /**
   * The newest events that match and come after the cursor, `limit` at most, newest first. Looks back step by step
   * and ends after about a second, with what it found, when the events that match are rare and no index knows them.
   */
  async search(
    filter: AuditFilterQuery,
    after: AuditCursor | undefined,
    limit: number,
    budgetMs = PAGE_BUDGET_MS,
  ): Promise<FoundEvents> {
    const deadline = performance.now() + budgetMs;
    const rows: AuditRow[] = [];
    const oldest = filter.from === undefined ? await this.oldest() : Date.parse(timeOf('from', filter.from));
    let end = newestOf(filter, after);
    let begun = false;
    for (let span = FIRST_SPAN_MS; ;) {
      const start = end - span > oldest ? end - span : undefined;
      const stepBegun = performance.now();
      const timeoutMs = statementLimit(span, deadline - stepBegun);
      const wanted = limit + 1 - rows.length;
      const found = await this.step(filter, after, {
        start,
        end: begun ? end : undefined,
        limit: wanted,
        timeoutMs,
      });
      if (found) {
        begun = true;
        rows.push(...found);
        if (rows.length > limit) return fullPage(rows, limit);
        if (start === undefined) return { rows };
        end = start;
      }
      const next = found ? nextSpan(span, performance.now() - stepBegun) : smallerSpan(span);
      if (next === undefined) throw tookTooLong();
      span = next;
      if (begun && performance.now() > deadline) return cutPage(rows, end);
    }
  }

  async findById(id: string): Promise<AuditRow | undefined> {
    const rows = await this.dataSource.query<StoredRow[]>(
      'SELECT * FROM audit_events WHERE id = $1 LIMIT 1',
      [id],
    );
    return rows[0] && restoreRow(rows[0]);
  }

  /**
   * Runs a statement that may read much, with `settings` of the server for it alone. Throws 503 `audit_query_timeout`
   * when it takes too long.
   */
  async read<T>({ text, values }: SqlStatement, settings?: string): Promise<T[]> {
    try {
      return await this.largeReads.run(() => {
        if (settings === undefined) return this.dataSource.query<T[]>(text, values);
        return this.dataSource.transaction(async (manager) => {
          await manager.query(settings);
          return manager.query<T[]>(text, values);
        });
      });
    } catch (error) {
      throw isTimeout(error) ? tookTooLong() : error;
    }
  }

  /** The begin of the oldest day that has events; days without chains (there should be none) come with the last step. */
  private async oldest(): Promise<number> {
    const rows = await this.dataSource.query<{ day: string | null }[]>(
      'SELECT min(day)::text AS day FROM audit_chains',
    );
    const day = rows[0]?.day ?? undefined;
    return day === undefined ? Infinity : startOfDay(day);
  }

  /** What one statement finds; undefined when it takes too long. */
  private async step(
    filter: AuditFilterQuery,
    after: AuditCursor | undefined,
    { start, end, limit, timeoutMs }: SearchStep,
  ): Promise<AuditRow[] | undefined> {
    const sql = filterConditions(filter);
    if (after) sql.add('(time, id) < (?::timestamptz, ?::uuid)', after.time, after.id);
    if (start !== undefined) sql.add('time >= ?::timestamptz', new Date(start).toISOString());
    if (end !== undefined) sql.add('time < ?::timestamptz', new Date(end).toISOString());
    const text = `SELECT * FROM audit_events WHERE ${sql.where} ORDER BY time DESC, id DESC LIMIT ${sql.value(limit)}`;
    try {
      return await this.dataSource.transaction(async (manager) => {
        // Compiling a plan over many days takes longer than running it.
        await manager.query(`SET LOCAL statement_timeout = ${timeoutMs}; SET LOCAL jit = off`);
        return (await manager.query<StoredRow[]>(text, sql.values)).map(restoreRow);
      });
    } catch (error) {
      if (isTimeout(error)) return undefined;
      throw error;
    }
  }
}

/** The time from which the search looks back: nothing newer is asked for, or there is hardly anything newer. */
function newestOf(filter: AuditFilterQuery, after: AuditCursor | undefined): number {
  const bounds = [Date.now()];
  if (filter.to !== undefined) bounds.push(Date.parse(timeOf('to', filter.to)));
  if (after) bounds.push(Date.parse(after.time));
  return Math.min(...bounds);
}

function fullPage(rows: readonly AuditRow[], limit: number): FoundEvents {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, ...(last && { next: { time: last.time, id: last.id } }) };
}

function cutPage(rows: readonly AuditRow[], end: number): FoundEvents {
  const searchedTo = new Date(end).toISOString();
  return { rows, next: { time: searchedTo, id: LOWEST_ID }, searchedTo };
}

function isTimeout(error: unknown): boolean {
  return (error as { code?: unknown }).code === QUERY_CANCELED;
}

function tookTooLong(): ProblemError {
  return new ProblemError(
    503,
    'audit_query_timeout',
    'The search took too long. Give a shorter time or more filters.',
  );
}
