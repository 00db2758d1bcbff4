import { isIP } from 'node:net';
import type { AuditEvent } from './audit.port.js';
import { cleanText, redactQuery, redactValue } from './redaction.policy.js';

/**
 * One event as it is written: the names are the columns of `audit_events`. The order of the fields is part of
 * the hash chain (see audit-chain.policy.ts): add at the end, never reorder.
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

/** The place of a row in its chain. */
export interface ChainLink {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
}

const LIMITS = {
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
    request_id: cleanText(event.requestId, LIMITS.short),
    category: event.category,
    decision: event.decision,
    reason: event.reason,
    detail: text(event.detail, LIMITS.detail),
    application: text(event.application, LIMITS.short),
    method: text(event.method, LIMITS.short),
    path: text(event.path, LIMITS.path),
    query: event.query ? redactQuery(event.query, LIMITS.query) : undefined,
    status: whole(event.status),
    username: text(event.user, LIMITS.name),
    credential_kind: event.credentialKind,
    credential_id: text(event.credentialId, LIMITS.short),
    credential_name: text(event.credentialName, LIMITS.name),
    credential_provider: text(event.credentialProvider, LIMITS.short),
    client_ip: address(event.clientIp),
    peer_ip: address(event.peerIp),
    user_agent: text(event.userAgent, LIMITS.userAgent),
    duration_ms: milliseconds(event.durationMs),
    upstream_ms: milliseconds(event.upstreamMs),
    request_bytes: whole(event.requestBytes),
    response_bytes: whole(event.responseBytes),
    would_deny:
      event.wouldDeny && event.wouldDeny.length > 0 ? event.wouldDeny.slice(0, MOST_RULES) : undefined,
    config_version: whole(event.configVersion),
    target: text(event.target, LIMITS.name),
    before: json(event.before),
    after: json(event.after),
  };
}

function text(value: string | undefined, limit: number): string | undefined {
  return value === undefined ? undefined : cleanText(value, limit);
}

function whole(value: number | undefined): number | undefined {
  return value === undefined || !Number.isFinite(value) ? undefined : Math.trunc(value);
}

function milliseconds(value: number | undefined): number | undefined {
  return value === undefined || !Number.isFinite(value) ? undefined : Math.round(value * 1000) / 1000;
}

/** Only what PostgreSQL reads as an address: filters compare it as one. */
function address(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const zone = value.indexOf('%');
  const plain = zone < 0 ? value : value.slice(0, zone);
  return isIP(plain) === 0 ? undefined : plain;
}

function json(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const result = JSON.stringify(redactValue(value));
  if (result === undefined) return undefined;
  return result.length > LIMITS.json ? '{"truncated":true}' : result;
}
