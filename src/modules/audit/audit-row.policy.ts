import { isIP } from 'node:net';
import type { AuditEvent } from './audit.port.js';
import { cleanText, redactQuery, redactValue } from './redaction.policy.js';

/**
 * One event as it is written: the names are the columns of `audit_events`. Their order is part of the hash chain (see
 * audit-columns.policy.ts).
 */
export interface AuditRow {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly request_id: string;
  readonly category: AuditEvent['category'];
  readonly decision: AuditEvent['decision'];
  readonly reason?: string;
  readonly detail?: string;
  readonly application?: string;
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly status?: number;
  readonly username?: string;
  readonly credential_kind?: string;
  readonly credential_id?: string;
  readonly credential_name?: string;
  readonly credential_provider?: string;
  readonly client_ip?: string;
  readonly peer_ip?: string;
  readonly user_agent?: string;
  readonly duration_ms?: number;
  readonly upstream_ms?: number;
  readonly request_bytes?: number;
  readonly response_bytes?: number;
  readonly would_deny?: readonly string[];
  readonly config_version?: number;
  readonly target?: string;
  /** JSON text: its bytes are part of the hash chain, and jsonb would reorder them. */
  readonly before?: string;
  readonly after?: string;
}

/** In characters. */
export const ROW_LIMITS = {
  short: 200,
  name: 255,
  detail: 1000,
  path: 4096,
  query: 4096,
  userAgent: 512,
  json: 65_536,
} as const;
const MOST_RULES = 20;

/** The event as it may be stored: redacted, escaped, every field within its limit. Never throws. */
export function toRow(event: AuditEvent): AuditRow {
  return {
    id: event.id,
    time: new Date(event.time).toISOString(),
    request_id: cleanText(event.requestId, ROW_LIMITS.short),
    category: event.category,
    decision: event.decision,
    reason: event.reason,
    detail: text(event.detail, ROW_LIMITS.detail),
    application: text(event.application, ROW_LIMITS.short),
    method: text(event.method, ROW_LIMITS.short),
    path: text(event.path, ROW_LIMITS.path),
    query: event.query ? redactQuery(event.query, ROW_LIMITS.query) : undefined,
    status: storedWhole(event.status),
    username: text(event.user, ROW_LIMITS.name),
    credential_kind: event.credentialKind,
    credential_id: text(event.credentialId, ROW_LIMITS.short),
    credential_name: text(event.credentialName, ROW_LIMITS.name),
    credential_provider: text(event.credentialProvider, ROW_LIMITS.short),
    client_ip: storedAddress(event.clientIp),
    peer_ip: storedAddress(event.peerIp),
    user_agent: text(event.userAgent, ROW_LIMITS.userAgent),
    duration_ms: storedMilliseconds(event.durationMs),
    upstream_ms: storedMilliseconds(event.upstreamMs),
    request_bytes: storedWhole(event.requestBytes),
    response_bytes: storedWhole(event.responseBytes),
    would_deny: storedRules(event.wouldDeny),
    config_version: storedWhole(event.configVersion),
    target: text(event.target, ROW_LIMITS.name),
    before: storedJson(event.before),
    after: storedJson(event.after),
  };
}

function text(value: string | undefined, limit: number): string | undefined {
  return value === undefined ? undefined : cleanText(value, limit);
}

export function storedWhole(value: number | undefined): number | undefined {
  return value === undefined || !Number.isFinite(value) ? undefined : Math.trunc(value);
}

/** Three years. Up to here microseconds are kept, whatever unit they are counted in. */
const MOST_MICROSECONDS = 1e14;

/** A duration in whole microseconds, which is more than clocks tell; undefined when it is none. */
export function storedMicroseconds(milliseconds: number | undefined): number | undefined {
  const micros = milliseconds === undefined ? Number.NaN : Math.round(milliseconds * 1000);
  return Math.abs(micros) <= MOST_MICROSECONDS ? micros : undefined;
}

function storedMilliseconds(milliseconds: number | undefined): number | undefined {
  const micros = storedMicroseconds(milliseconds);
  return micros === undefined ? undefined : micros / 1000;
}

export function storedRules(rules: readonly string[] | undefined): readonly string[] | undefined {
  return rules && rules.length > 0 ? rules.slice(0, MOST_RULES) : undefined;
}

/** Only what PostgreSQL reads as an address: filters compare it as one. */
export function storedAddress(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const zone = value.indexOf('%');
  const plain = zone < 0 ? value : value.slice(0, zone);
  return isIP(plain) === 0 ? undefined : plain;
}

/** The JSON text of a change, redacted. Throws for what has none. */
export function storedJson(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const result = JSON.stringify(redactValue(value));
  if (result === undefined) return undefined;
  return result.length > ROW_LIMITS.json ? '{"truncated":true}' : result;
}
