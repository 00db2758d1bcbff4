import type { ByteText } from '../../lib/byte-text.js';
import type { AuditEvent } from './audit.port.js';
import { rowJson } from './audit-chain.policy.js';
import { shortName } from './audit-columns.policy.js';
import {
  addressPart,
  agentPart,
  bytesOf,
  decisionPart,
  placePart,
  principalPart,
  queryPart,
  statusPart,
} from './audit-line-parts.policy.js';
import {
  ROW_LIMITS as LIMITS,
  storedMilliseconds,
  storedRules,
  storedWhole,
  toRow,
} from './audit-row.policy.js';
import { cleanText } from './redaction.policy.js';

const DURATION = bytesOf(`,"${shortName('duration_ms')}":`);
const UPSTREAM = bytesOf(`,"${shortName('upstream_ms')}":`);
const REQUEST_BYTES = bytesOf(`,"${shortName('request_bytes')}":`);
const RESPONSE_BYTES = bytesOf(`,"${shortName('response_bytes')}":`);
const CONFIG_VERSION = bytesOf(`,"${shortName('config_version')}":`);
const REASON = shortName('reason');
const DETAIL = shortName('detail');
const WOULD_DENY = shortName('would_deny');
const TARGET = shortName('target');
const END = bytesOf('}');

/**
 * Writes the JSON text of an event's row: exactly `rowJson(toRow(event))`. Requests come by the thousand per second,
 * so theirs is put together of few parts, most of which were made before; admin changes are few and take the long
 * way. Throws for a time that is none, and for changes that have no JSON.
 */
export function writeRow(event: AuditEvent, out: ByteText): void {
  if (!isPlainRequest(event)) {
    out.addText(rowJson(toRow(event)));
    return;
  }
  writeHead(event, out);
  if (event.reason !== undefined) out.addText(`,"${REASON}":"${event.reason}"`);
  writeText(DETAIL, event.detail, LIMITS.detail, out);
  out.add(placePart(event));
  if (event.query) out.add(queryPart(event.query));
  if (event.status !== undefined) out.add(statusPart(event.status));
  out.add(principalPart(event));
  out.add(addressPart(event));
  if (event.userAgent !== undefined) out.add(agentPart(event.userAgent));
  writeMilliseconds(DURATION, event.durationMs, out);
  writeMilliseconds(UPSTREAM, event.upstreamMs, out);
  writeWhole(REQUEST_BYTES, event.requestBytes, out);
  writeWhole(RESPONSE_BYTES, event.responseBytes, out);
  const rules = storedRules(event.wouldDeny);
  if (rules) out.addText(`,"${WOULD_DENY}":${JSON.stringify(rules)}`);
  writeWhole(CONFIG_VERSION, event.configVersion, out);
  writeText(TARGET, event.target, LIMITS.name, out);
  out.add(END);
}

const ID_LENGTH = '01234567-89ab-7def-8123-456789abcdef'.length;

function isPlainRequest({ id, category, before, after }: AuditEvent): boolean {
  return category === 'request' && id.length === ID_LENGTH && before === undefined && after === undefined;
}

const BEFORE_ID = '{"id":"';
const BEFORE_TIME = `","${shortName('time')}":"`;
const AFTER_MILLISECOND = 'Z';
const BEFORE_REQUEST_ID = `","${shortName('request_id')}":"`;

/** The beginning of a row up to its time, the same for a second but for the id and three digits. */
let second = NaN;
let head = bytesOf('');
let millisecondAt = 0;

/** The time is written as `Date.toISOString` does, which throws for what is none. */
function writeHead({ id, requestId, time, decision }: AuditEvent, out: ByteText): void {
  const whole = Math.trunc(time);
  const start = Math.floor(whole / 1000) * 1000;
  if (start !== second) beginSecond(start);
  const from = out.length;
  out.add(head);
  // Ids of our own making need no second look.
  out.putAscii(from + BEFORE_ID.length, id);
  out.putDigits(from + millisecondAt, whole - start, 3);
  if (requestId !== id) writeRequestId(cleanText(requestId, LIMITS.short), id, out);
  out.add(decisionPart(decision));
}

function writeRequestId(stored: string, id: string, out: ByteText): void {
  if (stored !== id) out.addText(`${BEFORE_REQUEST_ID}${JSON.stringify(stored).slice(1, -1)}`);
}

function beginSecond(start: number): void {
  const text = `${BEFORE_ID}${' '.repeat(ID_LENGTH)}${BEFORE_TIME}${new Date(start).toISOString().slice(0, -4)}`;
  head = bytesOf(`${text}000${AFTER_MILLISECOND}`);
  millisecondAt = text.length;
  second = start;
}

function writeText(name: string, value: string | undefined, limit: number, out: ByteText): void {
  if (value !== undefined) out.addText(`,"${name}":${JSON.stringify(cleanText(value, limit))}`);
}

function writeWhole(name: Uint8Array, value: number | undefined, out: ByteText): void {
  const stored = storedWhole(value);
  if (stored === undefined) return;
  out.add(name);
  out.addNumber(stored);
}

/** Up to here the digits of microseconds are those of the number that counts milliseconds. */
const MOST_MICROSECONDS = 1e12;

/** Three decimals, without zeros at the end: the usual way takes three times as long with fractions. */
function writeMilliseconds(name: Uint8Array, value: number | undefined, out: ByteText): void {
  if (value === undefined) return;
  const micros = Math.round(value * 1000);
  if (!(micros >= 0 && micros < MOST_MICROSECONDS)) {
    const stored = storedMilliseconds(value);
    if (stored === undefined) return;
    out.add(name);
    out.addNumber(stored);
    return;
  }
  out.add(name);
  out.addThousandths(micros);
}
