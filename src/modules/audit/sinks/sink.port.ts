import type { AuditEventView } from '../dto/audit-event.dto.js';

/** A place that events are streamed to. */
export interface AuditSink {
  /** Bounded: it is a metrics label. */
  readonly name: 'stdout' | 'webhook' | 'syslog';
  /** Most events of one delivery. */
  readonly batchSize: number;
  /** Delivers events in their order. Throws when that failed: the same events come again. */
  deliver(events: readonly AuditEventView[], signal: AbortSignal): Promise<void>;
  close(): void;
}

/** The sink will never take these events: they are given up, and the next ones come. */
export class SinkRefusedError extends Error {
  override readonly name = 'SinkRefusedError';
}
