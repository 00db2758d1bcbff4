import { COLUMN_NAMES, COLUMN_VALUES, LINE_COLUMNS } from './audit-columns.policy.js';
import { countedRows, noteSql } from './audit-rollup.policy.js';

/** What runs SQL: a TypeORM DataSource, EntityManager or QueryRunner, or a test's own connection. */
export interface SqlRunner {
  query<T>(sql: string, parameters?: unknown[]): Promise<T>;
}

/** Inserts what is not there yet and brings the chains' heads, row counts and statistics up to date, in one statement. */
const INSERT = `
  WITH added AS (
    INSERT INTO audit_events (${COLUMN_NAMES})
    SELECT ${COLUMN_VALUES} FROM jsonb_to_recordset($1::jsonb) AS line(${LINE_COLUMNS})
    ON CONFLICT DO NOTHING
    RETURNING chain, seq, hash, category, time, application, decision, reason, username, duration_ms
  ), heads AS (
    INSERT INTO audit_chains AS kept (chain, day, seq, hash, rows, counted)
    SELECT chain, left(chain, 10)::date, max(seq), (array_agg(hash ORDER BY seq DESC))[1], count(*), count(*)
      FROM added GROUP BY chain ORDER BY chain
    ON CONFLICT (chain) DO UPDATE SET
      rows = kept.rows + excluded.rows,
      counted = kept.counted + excluded.counted,
      seq = greatest(kept.seq, excluded.seq),
      hash = CASE WHEN excluded.seq > kept.seq THEN excluded.hash ELSE kept.hash END
    RETURNING 1
  ), noted AS (
    ${noteSql(countedRows('added', 1))}
  )
  SELECT count(*)::int AS added FROM added`;

/**
 * Writes stored lines (see audit-columns.policy.ts) in one statement. Lines that are there
 * already are passed over, so a batch may come twice. Answers how many were new.
 */
export async function insertLines(sql: SqlRunner, lines: readonly string[]): Promise<number> {
  return insertArray(sql, `[${lines.join(',')}]`);
}

/** As `insertLines`, for a JSON array of lines: its text, or PostgreSQL's binary form of jsonb. */
export async function insertArray(sql: SqlRunner, lines: string | Buffer): Promise<number> {
  const rows = await sql.query<{ added: number }[]>(INSERT, [lines]);
  return rows[0]?.added ?? 0;
}
