import { ROW_COLUMNS } from './audit-columns.policy.js';
import type { AuditEvent } from './audit.port.js';
import type { AuditRow } from './audit-row.policy.js';
import type { AuditEventView } from './dto/audit-event.dto.js';

/** The event as the API, the exports and the sinks show it. */
export function eventView(row: AuditRow): AuditEventView {
  return {
    id: row.id,
    time: row.time,
    requestId: row.request_id,
    category: row.category,
    decision: row.decision,
    reason: row.reason ?? null,
    detail: row.detail ?? null,
    application: row.application ?? null,
    method: row.method ?? null,
    path: row.path ?? null,
    query: row.query ?? null,
    status: row.status ?? null,
    user: row.username ?? null,
    credential: credentialView(row),
    clientIp: row.client_ip ?? null,
    peerIp: row.peer_ip ?? null,
    userAgent: row.user_agent ?? null,
    durationMs: row.duration_ms ?? null,
    upstreamMs: row.upstream_ms ?? null,
    requestBytes: row.request_bytes ?? null,
    responseBytes: row.response_bytes ?? null,
    configVersion: row.config_version ?? null,
    ...changeView(row),
  };
}

function credentialView(row: AuditRow): AuditEventView['credential'] {
  if (row.credential_kind === undefined) return null;
  return {
    kind: row.credential_kind,
    id: row.credential_id ?? null,
    name: row.credential_name ?? null,
    provider: row.credential_provider ?? null,
  };
}

function changeView(row: AuditRow): Pick<AuditEventView, 'wouldDeny' | 'target' | 'before' | 'after'> {
  return {
    ...(row.would_deny ? { wouldDeny: [...row.would_deny] } : {}),
    ...(row.target === undefined ? {} : { target: row.target }),
    ...(row.before === undefined ? {} : { before: JSON.parse(row.before) as unknown }),
    ...(row.after === undefined ? {} : { after: JSON.parse(row.after) as unknown }),
  };
}

/** The event that a row was made of, as far as it was stored. */
export function eventOf(row: AuditRow): AuditEvent {
  return {
    id: row.id,
    time: Date.parse(row.time),
    requestId: row.request_id,
    category: row.category,
    decision: row.decision,
    reason: row.reason,
    detail: row.detail,
    application: row.application,
    method: row.method,
    path: row.path,
    query: row.query,
    status: row.status,
    user: row.username,
    credentialKind: row.credential_kind as AuditEvent['credentialKind'],
    credentialId: row.credential_id,
    credentialName: row.credential_name,
    credentialProvider: row.credential_provider,
    clientIp: row.client_ip,
    peerIp: row.peer_ip,
    userAgent: row.user_agent,
    durationMs: row.duration_ms,
    upstreamMs: row.upstream_ms,
    requestBytes: row.request_bytes,
    responseBytes: row.response_bytes,
    wouldDeny: row.would_deny,
    configVersion: row.config_version,
    target: row.target,
    before: row.before === undefined ? undefined : JSON.parse(row.before),
    after: row.after === undefined ? undefined : JSON.parse(row.after),
  };
}

/** A row as PostgreSQL gives it. */
export interface StoredRow {
  readonly time: Date;
  readonly request_bytes: string | null;
  readonly response_bytes: string | null;
  readonly [column: string]: unknown;
}

/** The row exactly as it was written: same fields, same order, absent ones absent. The hash chain relies on it. */
export function restoreRow(stored: StoredRow): AuditRow {
  const row: Record<string, unknown> = {};
  for (const [field] of ROW_COLUMNS) {
    const value = stored[field];
    if (value !== null && value !== undefined) row[field] = plain(field, value);
  }
  return row as unknown as AuditRow;
}

function plain(field: string, value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  return field.endsWith('_bytes') ? Number(value) : value;
}
