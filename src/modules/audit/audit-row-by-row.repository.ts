import { isDatabaseDown } from '../../platform/database/database.errors.js';
import { jsonbOfLine } from './audit-batch.policy.js';
import { GROUP } from './audit-group.policy.js';
import { insertArray } from './audit-insert.repository.js';
import type { SqlRunner } from './audit-insert.repository.js';

/** What also runs several statements as one: a TypeORM DataSource. */
export interface SqlTransactions extends SqlRunner {
  transaction<T>(work: (sql: SqlRunner) => Promise<T>): Promise<T>;
}

interface RefusedRow {
  readonly line: Buffer;
  readonly error: unknown;
}

/**
 * Inserts the rows of a group of which the database refuses some. In one transaction: half a group would look like
 * rows that were added behind the end of their chain.
 */
export function insertRowByRow(
  sql: SqlTransactions,
  rows: readonly string[],
): Promise<{ added: number; refused: readonly RefusedRow[] }> {
  return sql.transaction(async (inside) => {
    const refused: RefusedRow[] = [];
    let added = 0;
    for (const row of rows) {
      const line = Buffer.from(row);
      const result = await insertRow(inside, line);
      if (typeof result === 'number') added += result;
      else refused.push({ line, error: result.error });
    }
    const last = Buffer.from(rows.at(-1) ?? '');
    const isEndRefused = refused.at(-1)?.line.equals(last) === true;
    if (isEndRefused && refused.length < rows.length) await noteEnd(inside, last.toString('utf8'));
    return { added, refused };
  });
}

/** Twice: while the table of a new day is made, PostgreSQL says of a good row that it violates a constraint. */
async function insertRow(sql: SqlRunner, line: Buffer, attempts = 2): Promise<number | { error: unknown }> {
  await sql.query('SAVEPOINT row_of_group');
  try {
    const added = await insertArray(sql, jsonbOfLine(line));
    await sql.query('RELEASE SAVEPOINT row_of_group');
    return added;
  } catch (error) {
    if (!isFaultOfContent(error)) throw error;
    await sql.query('ROLLBACK TO SAVEPOINT row_of_group; RELEASE SAVEPOINT row_of_group');
    return attempts > 1 ? insertRow(sql, line, attempts - 1) : { error };
  }
}

/** The chain goes on to the end of its group, so that a last row that was refused is missing like any other. */
async function noteEnd(sql: SqlRunner, row: string): Promise<void> {
  const end = JSON.parse(row) as Record<string, unknown>;
  await sql.query('UPDATE audit_chains SET seq = $2, hash = $3 WHERE chain = $1 AND seq < $2', [
    end[GROUP.chain],
    end[GROUP.first],
    end[GROUP.hash],
  ]);
}

/** SQLSTATE classes 22 (data exception) and 23 (constraint): asking again cannot help. */
export function isFaultOfContent(error: unknown): boolean {
  if (isDatabaseDown(error)) return false;
  const { code, driverError } = error as { code?: unknown; driverError?: { code?: unknown } };
  const state = typeof code === 'string' ? code : driverError?.code;
  return typeof state === 'string' && (state.startsWith('22') || state.startsWith('23'));
}
