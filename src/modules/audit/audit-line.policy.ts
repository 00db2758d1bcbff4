import type { AuditEvent } from './audit.port.js';
import { rowJson } from './audit-chain.policy.js';
import {
  ROW_LIMITS as LIMITS,
  storedAddress,
  storedMilliseconds,
  storedRules,
  storedWhole,
} from './audit-row.policy.js';
import { toRow } from './audit-row.policy.js';
import { cleanText, redactQuery } from './redaction.policy.js';

/**
 * The JSON text of an event's row: exactly `rowJson(toRow(event))`. Requests come by the thousand per second, so
 * theirs is written without making the row; admin changes are few and take the long way.
 */
export function eventJson(event: AuditEvent): string {
  if (event.category !== 'request' || event.before !== undefined || event.after !== undefined)
    return rowJson(toRow(event));
  const { id, requestId, query } = event;
  // An id of our own making needs no second look.
  let json = `{"id":"${id}","time":"${isoTime(event.time)}","request_id":${requestId === id ? `"${id}"` : JSON.stringify(cleanText(requestId, LIMITS.short))},"category":"request","decision":"${event.decision}"`;
  if (event.reason !== undefined) json += `,"reason":"${event.reason}"`;
  json += text('detail', event.detail, LIMITS.detail);
  json += text('application', event.application, LIMITS.short);
  json += text('method', event.method, LIMITS.short);
  json += text('path', event.path, LIMITS.path);
  if (query) json += `,"query":${JSON.stringify(redactQuery(query, LIMITS.query))}`;
  json += number('status', storedWhole(event.status));
  json += text('username', event.user, LIMITS.name);
  if (event.credentialKind !== undefined) json += `,"credential_kind":"${event.credentialKind}"`;
  json += text('credential_id', event.credentialId, LIMITS.short);
  json += text('credential_name', event.credentialName, LIMITS.name);
  json += text('credential_provider', event.credentialProvider, LIMITS.short);
  json += address('client_ip', event.clientIp);
  json += address('peer_ip', event.peerIp);
  json += text('user_agent', event.userAgent, LIMITS.userAgent);
  json += number('duration_ms', storedMilliseconds(event.durationMs));
  json += number('upstream_ms', storedMilliseconds(event.upstreamMs));
  json += number('request_bytes', storedWhole(event.requestBytes));
  json += number('response_bytes', storedWhole(event.responseBytes));
  const rules = storedRules(event.wouldDeny);
  if (rules) json += `,"would_deny":${JSON.stringify(rules)}`;
  json += number('config_version', storedWhole(event.configVersion));
  json += text('target', event.target, LIMITS.name);
  return `${json}}`;
}

const MOST_REMEMBERED = 5000;
const LONGEST_REMEMBERED = 300;
/** The same paths, users, clients and addresses come again and again: their JSON is made once. */
const literals = new Map<string, string>();
const addresses = new Map<string, string>();

function text(name: string, value: string | undefined, limit: number): string {
  if (value === undefined) return '';
  const known = value.length <= limit ? literals.get(value) : undefined;
  if (known !== undefined) return `,"${name}":${known}`;
  const literal = JSON.stringify(cleanText(value, limit));
  if (value.length <= limit) remember(literals, value, literal);
  return `,"${name}":${literal}`;
}

function address(name: string, value: string | undefined): string {
  if (value === undefined) return '';
  let literal = addresses.get(value);
  if (literal === undefined) {
    const stored = storedAddress(value);
    literal = stored === undefined ? '' : JSON.stringify(stored);
    remember(addresses, value, literal);
  }
  return literal === '' ? '' : `,"${name}":${literal}`;
}

/** JSON has no sign on zero. */
function number(name: string, value: number | undefined): string {
  return value === undefined ? '' : `,"${name}":${value + 0}`;
}

function remember(known: Map<string, string>, value: string, literal: string): void {
  if (value.length > LONGEST_REMEMBERED) return;
  if (known.size >= MOST_REMEMBERED) known.clear();
  known.set(value, literal);
}

let second = NaN;
let secondText = '';

/** As `Date.toISOString`: made anew once a second. */
function isoTime(time: number): string {
  const milliseconds = time % 1000;
  if (!Number.isInteger(time) || milliseconds < 0) return new Date(time).toISOString();
  if (time - milliseconds !== second) {
    second = time - milliseconds;
    secondText = new Date(second).toISOString().slice(0, -4);
  }
  return `${secondText}${String(milliseconds).padStart(3, '0')}Z`;
}
