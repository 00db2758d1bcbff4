import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ProblemError } from '../../platform/http/problem.js';
import type { AuditCursor } from './audit-cursor.policy.js';
import { filterConditions } from './audit-filter.policy.js';
import type { AuditRow } from './audit-row.policy.js';
import { restoreRow } from './audit-view.policy.js';
import type { StoredRow } from './audit-view.policy.js';
import type { AuditFilterQuery } from './dto/audit-filter.dto.js';

/** SQLSTATE of a statement that took longer than `statement_timeout`. */
const QUERY_CANCELED = '57014';

/** Reads events. */
@Injectable()
export class AuditEventsRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** The newest events that match and come after the cursor, `limit` at most, newest first. */
  async find(filter: AuditFilterQuery, after: AuditCursor | undefined, limit: number): Promise<AuditRow[]> {
    const sql = filterConditions(filter);
    if (after) sql.add('(time, id) < (?::timestamptz, ?::uuid)', after.time, after.id);
    const rows = await this.read<StoredRow>(
      `SELECT * FROM audit_events WHERE ${sql.where} ORDER BY time DESC, id DESC LIMIT ${sql.value(limit)}`,
      sql.values,
    );
    return rows.map(restoreRow);
  }

  async findById(id: string): Promise<AuditRow | undefined> {
    const rows = await this.read<StoredRow>('SELECT * FROM audit_events WHERE id = $1 LIMIT 1', [id]);
    return rows[0] && restoreRow(rows[0]);
  }

  /** Runs a reading statement. Throws 503 `audit_query_timeout` when it takes too long. */
  async read<T>(sql: string, values: unknown[]): Promise<T[]> {
    try {
      return await this.dataSource.query<T[]>(sql, values);
    } catch (error) {
      if ((error as { code?: unknown }).code !== QUERY_CANCELED) throw error;
      throw new ProblemError(
        503,
        'audit_query_timeout',
        'The search took too long. Give a shorter time or more filters.',
      );
    }
  }
}
