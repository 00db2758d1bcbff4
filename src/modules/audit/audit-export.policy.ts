import { csvLine } from '../../lib/csv.js';
import type { AuditEventView } from './dto/audit-event.dto.js';

export type ExportFormat = 'csv' | 'ndjson';

type Cell = string | number | null;

/** The columns of the CSV, in their order. */
const COLUMNS: readonly (readonly [string, (event: AuditEventView) => Cell])[] = [
  ['id', (event) => event.id],
  ['time', (event) => event.time],
  ['requestId', (event) => event.requestId],
  ['category', (event) => event.category],
  ['decision', (event) => event.decision],
  ['reason', (event) => event.reason],
  ['application', (event) => event.application],
  ['method', (event) => event.method],
  ['path', (event) => event.path],
  ['query', (event) => event.query],
  ['status', (event) => event.status],
  ['user', (event) => event.user],
  ['credentialKind', (event) => event.credential?.kind ?? null],
  ['credentialId', (event) => event.credential?.id ?? null],
  ['credentialName', (event) => event.credential?.name ?? null],
  ['credentialProvider', (event) => event.credential?.provider ?? null],
  ['clientIp', (event) => event.clientIp],
  ['peerIp', (event) => event.peerIp],
  ['userAgent', (event) => event.userAgent],
  ['durationMs', (event) => event.durationMs],
  ['upstreamMs', (event) => event.upstreamMs],
  ['requestBytes', (event) => event.requestBytes],
  ['responseBytes', (event) => event.responseBytes],
  ['configVersion', (event) => event.configVersion],
  ['wouldDeny', (event) => event.wouldDeny?.join(' ') ?? null],
  ['detail', (event) => event.detail],
  ['target', (event) => event.target ?? null],
  ['before', (event) => (event.before === undefined ? null : JSON.stringify(event.before))],
  ['after', (event) => (event.after === undefined ? null : JSON.stringify(event.after))],
];

/** What stands before the first event. */
export function exportHeader(format: ExportFormat): string {
  return format === 'csv' ? csvLine(COLUMNS.map(([name]) => name)) : '';
}

/** One event as a line of the file. */
export function exportLine(format: ExportFormat, event: AuditEventView): string {
  return format === 'csv' ? csvLine(COLUMNS.map(([, cell]) => cell(event))) : `${JSON.stringify(event)}\n`;
}
