import { hash } from 'node:crypto';
import { COLUMNS_OF, PARTS, USUAL_CATEGORY } from './audit-columns.policy.js';
import type { ColumnName, PartName } from './audit-columns.policy.js';
import type { AuditRow } from './audit-row.policy.js';

/**
 * Events are stored, hashed and sent to the database in groups: a link of the hash chain is a group. The text of one
 * is a line of JSON: `n` events, the `ch`ain they are in, the number of the `f`irst of them there, the hash of the
 * `pr`evious group, the `p`arts that the events refer to by their numbers, and the `r`ows: each the id, the time
 * in epoch milliseconds, the numbers of its parts in the order of `PARTS`, two durations in microseconds, two sizes
 * in bytes, and what few events have. Behind them stands `h`, the hash of all that stands before it.
 */
export interface Group {
  readonly chain: string;
  /** Number of the first row in the chain. */
  readonly first: number;
  /** Hash of the group before; '' before the first of a chain. */
  readonly previous: string;
  readonly rows: readonly AuditRow[];
}

/** The hash before the first group of a chain. */
export const CHAIN_START = '';

/** A group ends at so many rows, if not before. */
export const MOST_GROUP_ROWS = 1000;

/** Names of the fields of a group, in their order. */
export const GROUP = {
  count: 'n',
  chain: 'ch',
  first: 'f',
  previous: 'pr',
  parts: 'p',
  rows: 'r',
  hash: 'h',
} as const;

/** SHA-256 over all of a group but the hash: changing, removing or adding a row breaks it, and every later one. */
export function groupHash(group: Group): string {
  return hash('sha256', groupText(group), 'base64url');
}

/** The text that is hashed, which the group's rows as they are in the database must give again byte for byte. */
export function groupText({ chain, first, previous, rows }: Group): string {
  const parts = new Map<string, number>();
  const numberOf = (part: string): number => {
    const number = parts.get(part) ?? parts.size;
    parts.set(part, number);
    return number;
  };
  const entries = rows.map((row) => [
    row.id,
    Date.parse(row.time),
    ...PARTS.map((part) => numberOf(JSON.stringify(fieldsOf(row, part)))),
    ...[row.duration_ms, row.upstream_ms].map((ms) => (ms === undefined ? null : Math.round(ms * 1000))),
    row.request_bytes ?? null,
    row.response_bytes ?? null,
    ...extrasOf(row),
  ]);
  const head = { [GROUP.count]: rows.length, [GROUP.chain]: chain, [GROUP.first]: first };
  const lead = JSON.stringify({ ...head, [GROUP.previous]: previous }).slice(0, -1);
  return `${lead},"${GROUP.parts}":[${[...parts.keys()].join(',')}],"${GROUP.rows}":${JSON.stringify(entries)}`;
}

/** The line of a group: its text and its hash. */
export function groupLine(group: Group): string {
  const text = groupText(group);
  return `${text},"${GROUP.hash}":"${hash('sha256', text, 'base64url')}"}`;
}

/** What few events have, in an array of its own; an empty one when there is nothing. */
function extrasOf(row: AuditRow): object[] {
  const { request_id: requestId, category, ...rest } = row;
  const extras = fieldsOf(
    {
      ...rest,
      ...(requestId === row.id ? {} : { request_id: requestId }),
      ...(category === USUAL_CATEGORY ? {} : { category }),
    },
    'extra',
  );
  return Object.values(extras).every((value) => value === undefined) ? [] : [extras];
}

/** The fields of a row that belong to a part, under their short names. Absent ones are undefined, which JSON leaves out. */
export function fieldsOf(
  row: { readonly [column in ColumnName]?: unknown },
  where: PartName | 'extra',
): Record<string, unknown> {
  return Object.fromEntries(COLUMNS_OF[where].map(([name, short]) => [short, row[name]]));
}

const LEAD = `{"${GROUP.count}":`;
const MOST_DIGITS = 10;

/** How many events a group has by the beginning of its line; one when that says nothing, or more than there can be. */
export function eventsOf(line: Buffer): number {
  const start = line.toString('latin1', 0, LEAD.length + MOST_DIGITS);
  const count = start.startsWith(LEAD) ? Number.parseInt(start.slice(LEAD.length), 10) : 1;
  return count >= 1 && count <= MOST_GROUP_ROWS ? count : 1;
}

/**
 * The rows of a group's line as lines of their own; only the last holds the hash, as if the others came before it in
 * the same group. Each has only the parts that it refers to. Empty when the line is no group.
 */
export function linesOfRows(line: Buffer): string[] {
  const group = parsed(line);
  const { [GROUP.rows]: rows, [GROUP.first]: first, [GROUP.chain]: chain } = group;
  if (!Array.isArray(rows)) return [];
  return rows.map((row: unknown, i) => {
    const lead = { [GROUP.count]: 1, [GROUP.chain]: chain, [GROUP.first]: Number(first) + i };
    const link = { [GROUP.previous]: group[GROUP.previous], [GROUP.hash]: group[GROUP.hash] };
    const own = { ...lead, ...withOwnParts(row, group[GROUP.parts]) };
    return JSON.stringify(i === rows.length - 1 ? { ...own, ...link } : own);
  });
}

const FIRST_PART = 2;

function withOwnParts(row: unknown, parts: unknown): object {
  if (!Array.isArray(row) || !Array.isArray(parts)) return { [GROUP.parts]: [], [GROUP.rows]: [row] };
  const end = FIRST_PART + PARTS.length;
  const fields: readonly unknown[] = row;
  const own = fields.slice(FIRST_PART, end).map((number) => parts[Number(number)] as unknown);
  const event = [...fields.slice(0, FIRST_PART), ...own.keys(), ...fields.slice(end)];
  return { [GROUP.parts]: own, [GROUP.rows]: [event] };
}

function parsed(line: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
