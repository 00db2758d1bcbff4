import { hash } from 'node:crypto';
import { ROW_COLUMNS, USUAL_CATEGORY } from './audit-columns.policy.js';
import type { AuditRow } from './audit-row.policy.js';

/**
 * Before events were linked in groups (see audit-group.policy.ts) each row was a link of its own: its hash is that of
 * the hash before and its JSON text, at first with the names of the columns and later with short ones. Such rows are
 * there for as long as retention keeps them.
 */
export function isFormerRow(row: AuditRow, previous: string, expected: string): boolean {
  const texts = [shortText(row), JSON.stringify(row)];
  return texts.some((text) => hash('sha256', `${previous}\n${text}`, 'base64url') === expected);
}

function shortText(row: AuditRow): string {
  const stored: Record<string, unknown> = {};
  for (const [name, , short] of ROW_COLUMNS) {
    const implied =
      (name === 'request_id' && row.request_id === row.id) ||
      (name === 'category' && row.category === USUAL_CATEGORY);
    if (!implied) stored[short] = row[name];
  }
  return JSON.stringify(stored);
}
