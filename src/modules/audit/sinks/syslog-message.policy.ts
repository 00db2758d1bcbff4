import type { AuditEventView } from '../dto/audit-event.dto.js';

/** RFC 5424 section 6.2.1. */
const SEVERITY = { error: 3, warning: 4, notice: 5, informational: 6 } as const;
/** Enterprise number of examples (RFC 5612): the names of the parameters are ours. */
const STRUCTURED_DATA_ID = 'restgate@32473';

/** One event as an RFC 5424 message: the main fields as structured data, the whole event as JSON text. */
export function syslogMessage(
  event: AuditEventView,
  facility: number,
  host: string,
  processId: string,
): string {
  const priority = facility * 8 + severityOf(event);
  const kind = event.category === 'admin' ? 'change' : 'request';
  const header = `<${priority}>1 ${event.time} ${headerField(host, 255)} restgate ${headerField(processId, 128)} ${kind}`;
  // RFC 5424 section 6.4: the byte order mark says that the text is UTF-8.
  return `${header} ${structuredData(event)} \ufeff${JSON.stringify(event)}`;
}

/** RFC 6587 section 3.4.1 (TCP) and RFC 5425 section 4.3 (TLS): the length in octets stands before the message. */
export function framed(message: string): Buffer {
  const bytes = Buffer.from(message, 'utf8');
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes]);
}

/** RFC 5426 section 3.2: what is longer than a datagram may be is cut, at a whole character. */
export function datagram(message: string, limit: number): Buffer {
  const bytes = Buffer.from(message, 'utf8');
  if (bytes.length <= limit) return bytes;
  let end = limit;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}

function severityOf(event: AuditEventView): number {
  if (event.category === 'admin') return SEVERITY.notice;
  if (event.decision === 'denied') return SEVERITY.warning;
  return (event.status ?? 0) >= 500 ? SEVERITY.error : SEVERITY.informational;
}

function structuredData(event: AuditEventView): string {
  const parameters: readonly (readonly [string, string | number | null | undefined])[] = [
    ['id', event.id],
    ['requestId', event.requestId],
    ['category', event.category],
    ['decision', event.decision],
    ['reason', event.reason],
    ['user', event.user],
    ['clientIp', event.clientIp],
    ['application', event.application],
    ['method', event.method],
    ['path', event.path],
    ['status', event.status],
    ['target', event.target],
  ];
  const text = parameters
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => ` ${name}="${String(value).replace(/["\\\]]/g, '\\$&')}"`)
    .join('');
  return `[${STRUCTURED_DATA_ID}${text}]`;
}

/** Printable US-ASCII without spaces; `-` is the nil value. */
function headerField(text: string, limit: number): string {
  const plain = text.replace(/[^\x21-\x7e]/g, '').slice(0, limit);
  return plain === '' ? '-' : plain;
}
