/**
 * The columns of `audit_events` with their types and their names in a stored line. The line holds every event once
 * on the disk and once on its way to the database, hence the short names. Their order is that of the line and part
 * of the hash chain (see audit-chain.policy.ts): add at the end, never reorder or rename.
 */
export const ROW_COLUMNS = [
  ['id', 'uuid', 'id'],
  ['time', 'timestamptz', 't'],
  ['request_id', 'text', 'req'],
  ['category', 'text', 'cat'],
  ['decision', 'text', 'dec'],
  ['reason', 'text', 'why'],
  ['detail', 'text', 'det'],
  ['application', 'text', 'app'],
  ['method', 'text', 'm'],
  ['path', 'text', 'p'],
  ['query', 'text', 'q'],
  ['status', 'integer', 's'],
  ['username', 'text', 'u'],
  ['credential_kind', 'text', 'ck'],
  ['credential_id', 'text', 'ci'],
  ['credential_name', 'text', 'cn'],
  ['credential_provider', 'text', 'cp'],
  ['client_ip', 'text', 'ip'],
  ['peer_ip', 'text', 'peer'],
  ['user_agent', 'text', 'ua'],
  ['duration_ms', 'double precision', 'ms'],
  ['upstream_ms', 'double precision', 'ums'],
  ['request_bytes', 'bigint', 'in'],
  ['response_bytes', 'bigint', 'out'],
  ['would_deny', 'text[]', 'wd'],
  ['config_version', 'integer', 'v'],
  ['target', 'text', 'to'],
  ['before', 'text', 'b'],
  ['after', 'text', 'a'],
] as const;

/** The place of a row in its chain, behind the row. */
export const LINK_COLUMNS = [
  ['chain', 'text', 'ch'],
  ['seq', 'integer', 'n'],
  ['hash', 'text', 'h'],
] as const;

/** Left out of a line that has it. */
export const USUAL_CATEGORY = 'request';

const COLUMNS = [...ROW_COLUMNS, ...LINK_COLUMNS];

export type ColumnName = (typeof COLUMNS)[number][0];

/** What a line leaves out because it follows from the rest. */
const IMPLIED: Readonly<Record<string, string>> = {
  request_id: 'line."id"::text',
  category: `'${USUAL_CATEGORY}'`,
};

export const COLUMN_NAMES = COLUMNS.map(([name]) => name).join(', ');

/** The columns of `line`, in the order of `COLUMN_NAMES`. */
export const COLUMN_VALUES = COLUMNS.map(([name, , short]) => {
  const implied = IMPLIED[name];
  return implied === undefined ? `line."${short}"` : `coalesce(line."${short}", ${implied})`;
}).join(', ');

/** What `jsonb_to_recordset` needs to know of a line. */
export const LINE_COLUMNS = COLUMNS.map(([, type, short]) => `"${short}" ${type}`).join(', ');

const SHORT_NAMES = new Map<string, string>(COLUMNS.map(([name, , short]) => [name, short]));

/** The name of a column in a stored line. */
export function shortName(column: ColumnName): string {
  return SHORT_NAMES.get(column) as string;
}
