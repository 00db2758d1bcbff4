import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { AuditEventView } from '../dto/audit-event.dto.js';
import type { AuditSink } from './sink.port.js';

/** One JSON line per event; `log: audit` tells them from the lines of the program's own log. */
export class StdoutSink implements AuditSink {
  readonly name = 'stdout';
  readonly batchSize = 100;

  constructor(private readonly out: Writable = process.stdout) {}

  async deliver(events: readonly AuditEventView[], signal: AbortSignal): Promise<void> {
    const text = events.map((event) => `${JSON.stringify({ log: 'audit', ...event })}\n`).join('');
    if (!this.out.write(text)) await once(this.out, 'drain', { signal });
  }

  close(): void {
    // stdout belongs to the process.
  }
}
