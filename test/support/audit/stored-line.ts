import {
  LINK_COLUMNS,
  ROW_COLUMNS,
  USUAL_CATEGORY,
} from '../../../src/modules/audit/audit-columns.policy.js';
import type { AuditRow, ChainLink } from '../../../src/modules/audit/audit-row.policy.js';

const NAMES = new Map<string, string>(
  [...ROW_COLUMNS, ...LINK_COLUMNS].map(([name, , short]) => [short, name]),
);

/** A stored line as the database reads it: by the names of the columns, with what the line leaves out. */
export function columnsOf(line: string): AuditRow & ChainLink {
  const stored = Object.entries(JSON.parse(line) as Record<string, unknown>);
  const columns = Object.fromEntries(stored.map(([name, value]) => [NAMES.get(name) ?? name, value]));
  const implied = { request_id: columns['id'], category: USUAL_CATEGORY };
  return { ...implied, ...columns } as unknown as AuditRow & ChainLink;
}
