import type { AuditEvent } from './audit.port.js';

/** Also what the writer turns into text at once: some 2 ms of work, then other work gets its turn. */
const CHUNK = 200;

/**
 * The bounded queue between requests and the writer. `push` costs an array push. When it is full the oldest
 * events go, or the new one is not taken, as `whenFull` says; both are counted.
 */
export class AuditQueue {
  private chunks: AuditEvent[][] = [];
  private last: AuditEvent[] = [];
  private count = 0;
  private lost = 0;
  whenFull: 'drop-oldest' | 'refuse' = 'drop-oldest';

  constructor(private readonly capacity: number) {}

  get length(): number {
    return this.count;
  }

  /** Events that were lost so far because the queue was full. */
  get dropped(): number {
    return this.lost;
  }

  push(event: AuditEvent): void {
    if (this.count >= this.capacity && !this.makeRoom()) return;
    if (this.last.length >= CHUNK || this.chunks.length === 0) {
      this.last = [];
      this.chunks.push(this.last);
    }
    this.last.push(event);
    this.count += 1;
  }

  /** The oldest events, `CHUNK` at most, in their order; empty when there are none. */
  take(): AuditEvent[] {
    const chunk = this.chunks.shift() ?? [];
    this.count -= chunk.length;
    return chunk;
  }

  private makeRoom(): boolean {
    if (this.whenFull === 'refuse') {
      this.lost += 1;
      return false;
    }
    this.lost += this.take().length;
    return true;
  }
}
