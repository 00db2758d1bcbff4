import type { DataSource } from 'typeorm';
import type { SecretBox } from '../../platform/crypto/secret-box.js';
import { SecretBoxError } from '../../platform/crypto/secret-box.js';
import { auditedChanges, OPERATOR } from '../audited-changes.js';
import type { SealedColumn } from './sealed-columns.js';
import { SEALED_COLUMNS } from './sealed-columns.js';

const BATCH = 500;

/** What a rotation did. `faults` names values that do not open with any configured key; they stay as they are. */
export interface RotationReport {
  readonly resealed: number;
  readonly faults: readonly string[];
}

interface SealedRow {
  readonly key: string[];
  readonly sealed: string;
}

/**
 * Seals every stored secret with the current key that is sealed with an earlier one. A value that somebody changes
 * meanwhile is left to them, and an interrupted rotation can be repeated. Leaves one event in the audit log.
 */
export async function rotateKeys(dataSource: DataSource, box: SecretBox): Promise<RotationReport> {
  const faults: string[] = [];
  let resealed = 0;
  for (const column of SEALED_COLUMNS) resealed += await rotateColumn(dataSource, box, column, faults);
  await auditedChanges(dataSource).change(
    () => Promise.resolve(),
    () => ({
      topic: 'encryption-key',
      by: OPERATOR,
      target: 'encryption-key',
      after: { keyId: box.currentKeyId, resealed, unreadable: faults.length },
    }),
  );
  return { resealed, faults };
}

async function rotateColumn(
  dataSource: DataSource,
  box: SecretBox,
  column: SealedColumn,
  faults: string[],
): Promise<number> {
  let resealed = 0;
  let after: readonly string[] | undefined;
  for (;;) {
    const rows = await staleRows(dataSource, box, column, after);
    for (const row of rows) {
      const sealed = resealedValue(box, column, row, faults);
      if (sealed !== undefined && (await replace(dataSource, column, row, sealed))) resealed += 1;
    }
    after = rows.at(-1)?.key;
    if (rows.length < BATCH) return resealed;
  }
}

function resealedValue(
  box: SecretBox,
  column: SealedColumn,
  { key, sealed }: SealedRow,
  faults: string[],
): string | undefined {
  const purpose = column.purpose(key);
  try {
    return box.seal(box.open(sealed, purpose), purpose);
  } catch (error) {
    if (!(error instanceof SecretBoxError)) throw error;
    faults.push(`${placeOf(column)} of ${key.join(', ')}: ${error.message}`);
    return undefined;
  }
}

function staleRows(
  dataSource: DataSource,
  box: SecretBox,
  column: SealedColumn,
  after: readonly string[] | undefined,
): Promise<SealedRow[]> {
  const { table, key, only } = column;
  const value = valueSql(column);
  const keys = key.map((name) => `${name}::text`).join(', ');
  const conditions = [
    `${value} IS NOT NULL`,
    // The sealed form is v1.{key id}.{body}.
    `split_part(${value}, '.', 2) <> $1`,
    ...(only === undefined ? [] : [only]),
    ...(after === undefined ? [] : [`ARRAY[${keys}] > $2::text[]`]),
  ];
  return dataSource.query<SealedRow[]>(
    `SELECT ARRAY[${keys}] AS key, ${value} AS sealed FROM ${table}
     WHERE ${conditions.join(' AND ')} ORDER BY ARRAY[${keys}] LIMIT ${BATCH}`,
    after === undefined ? [box.currentKeyId] : [box.currentKeyId, after],
  );
}

/** False when the row was changed since it was read. */
async function replace(
  dataSource: DataSource,
  column: SealedColumn,
  row: SealedRow,
  sealed: string,
): Promise<boolean> {
  const { table, key, path } = column;
  const set = path ? `jsonb_set(${column.column}, '{${path.join(',')}}', to_jsonb($1::text))` : '$1';
  const where = key.map((name, i) => `${name}::text = $${i + 3}`).join(' AND ');
  const [, changed] = await dataSource.query<[unknown, number]>(
    `UPDATE ${table} SET ${column.column} = ${set} WHERE ${valueSql(column)} = $2 AND ${where}`,
    [sealed, row.sealed, ...row.key],
  );
  return changed > 0;
}

function valueSql({ column, path }: SealedColumn): string {
  return path ? `(${column} #>> '{${path.join(',')}}')` : column;
}

function placeOf({ table, column, path = [] }: SealedColumn): string {
  return [table, column, ...path].join('.');
}
