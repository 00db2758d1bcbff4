import { COLUMNS_OF, USUAL_CATEGORY } from './audit-columns.policy.js';
import { remember } from './audit-part-memory.js';
import type { AuditEvent } from './audit.port.js';
import { ROW_LIMITS as LIMITS, storedJson, storedRules } from './audit-row.policy.js';
import { cleanText, redactQuery } from './redaction.policy.js';

/** What stands before the value of each field that few events have. */
const LEADS = Object.fromEntries(COLUMNS_OF.extra.map(([name, short]) => [name, `,"${short}":`]));
const LEAD_OF_QUERY = LEADS['query'] ?? '';

/** What follows the numbers of an event that has more than they say: an object of it, and the end of the event. */
export function extraText(event: AuditEvent): string | undefined {
  const { id, category, query } = event;
  const requestId = event.requestId === id ? id : cleanText(event.requestId, LIMITS.short);
  let fields = requestId === id ? '' : field('request_id', requestId);
  if (category !== USUAL_CATEGORY) fields += field('category', category);
  if (event.detail !== undefined) fields += field('detail', cleanText(event.detail, LIMITS.detail));
  if (query) fields += queryField(query);
  if (event.wouldDeny !== undefined) fields += field('would_deny', storedRules(event.wouldDeny));
  if (event.target !== undefined) fields += field('target', cleanText(event.target, LIMITS.name));
  if (event.before !== undefined) fields += field('before', storedJson(event.before));
  if (event.after !== undefined) fields += field('after', storedJson(event.after));
  return fields === '' ? undefined : `,{${fields.slice(1)}}]`;
}

function field(name: string, value: unknown): string {
  return value === undefined ? '' : `${LEADS[name]}${JSON.stringify(value)}`;
}

/** A query that had to be changed does not stay in memory. */
const queries = new Map<string, string>();

/** `query` is as it was sent, with the question mark or without. */
function queryField(query: string): string {
  const known = queries.get(query);
  if (known !== undefined) return known;
  const stored = redactQuery(query, LIMITS.query);
  const made = `${LEAD_OF_QUERY}${JSON.stringify(stored)}`;
  if (stored === query || `?${stored}` === query) remember(queries, query, made);
  return made;
}
