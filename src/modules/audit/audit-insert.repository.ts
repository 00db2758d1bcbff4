import { PARTS, ROW_COLUMNS, USUAL_CATEGORY } from './audit-columns.policy.js';
import type { PartName } from './audit-columns.policy.js';
import { GROUP } from './audit-group.policy.js';
import { countedRows, noteSql } from './audit-rollup.policy.js';

/** What runs SQL: a TypeORM DataSource, EntityManager or QueryRunner, or a test's own connection. */
export interface SqlRunner {
  query<T>(sql: string, parameters?: unknown[]): Promise<T>;
}

const FIRST_PART = 2;
const FIRST_NUMBER = FIRST_PART + PARTS.length;
const EXTRA = FIRST_NUMBER + 4;

/** How a column is made of the array of its event, where it is not simply text of a part or of the extras. */
const MADE: Readonly<Record<string, string>> = {
  id: '(event->>0)::uuid',
  time: 'to_timestamp((event->>1)::float8 / 1000)',
  request_id: `coalesce(extra->>'req', event->>0)`,
  category: `coalesce(extra->>'cat', '${USUAL_CATEGORY}')`,
  duration_ms: `(event->>${FIRST_NUMBER})::float8 / 1000`,
  upstream_ms: `(event->>${FIRST_NUMBER + 1})::float8 / 1000`,
  request_bytes: `(event->>${FIRST_NUMBER + 2})::bigint`,
  response_bytes: `(event->>${FIRST_NUMBER + 3})::bigint`,
  would_deny: `CASE WHEN extra ? 'wd' THEN ARRAY(SELECT jsonb_array_elements_text(extra->'wd')) END`,
};

const COLUMNS = ROW_COLUMNS.map(([name, type, short, where]) => {
  const made = MADE[name] ?? `${where}->>'${short}'`;
  return type === 'integer' ? `(${made})::integer` : made;
});

const PART_COLUMNS = PARTS.map(
  (part: PartName, i) => `parts->(event->>${FIRST_PART + i})::integer AS ${part}`,
).join(', ');

/**
 * Inserts what is not there yet and brings the chains' heads, row counts and statistics up to date, in one statement.
 * `OFFSET 0` keeps what is computed once per group, or per event, from being computed for each column.
 */
const INSERT = `
  WITH added AS (
    INSERT INTO audit_events (${ROW_COLUMNS.map(([name]) => name).join(', ')}, chain, seq, hash, previous)
    SELECT ${COLUMNS.join(', ')},
           chain, first + at - 1, CASE WHEN at = n THEN hash END, CASE WHEN at = n THEN previous END
      FROM (SELECT event, at::integer AS at, n, chain, first, previous, hash, ${PART_COLUMNS}, event->${EXTRA} AS extra
              FROM (SELECT line->'${GROUP.parts}' AS parts, line->'${GROUP.rows}' AS rows,
                           (line->>'${GROUP.count}')::integer AS n, line->>'${GROUP.chain}' AS chain,
                           (line->>'${GROUP.first}')::integer AS first, line->>'${GROUP.previous}' AS previous,
                           line->>'${GROUP.hash}' AS hash
                      FROM jsonb_array_elements($1::jsonb) AS line OFFSET 0) AS groups
              LEFT JOIN jsonb_array_elements(rows) WITH ORDINALITY AS events(event, at) ON true OFFSET 0) AS read
    ON CONFLICT DO NOTHING
    RETURNING chain, seq, hash, category, time, application, decision, reason, username, duration_ms
  ), heads AS (
    INSERT INTO audit_chains AS kept (chain, day, seq, hash, rows, counted)
    SELECT chain, left(chain, 10)::date, coalesce(max(seq) FILTER (WHERE hash IS NOT NULL), 0),
           coalesce((array_agg(hash ORDER BY seq DESC) FILTER (WHERE hash IS NOT NULL))[1], ''), count(*), count(*)
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
 * Writes groups of events (see audit-group.policy.ts) in one statement. Lines that are there
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
