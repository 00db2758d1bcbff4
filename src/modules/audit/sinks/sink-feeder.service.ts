import type { AuditEventView } from '../dto/audit-event.dto.js';
import { SinkRefusedError } from './sink.port.js';
import type { AuditSink } from './sink.port.js';

export interface FeederOptions {
  readonly log: { warn(fields: object, message: string): void };
  readonly capacity?: number;
  readonly firstWaitMs?: number;
  readonly longestWaitMs?: number;
}

const CAPACITY = 20_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 60_000;
const COMPLAIN_EVERY_MS = 60_000;

/**
 * Feeds one sink from a bounded queue of its own. A sink that is slow or dead loses its own oldest events, and
 * nothing else notices: the log itself is complete, the stream is best effort.
 */
export class SinkFeeder {
  private queue: AuditEventView[] = [];
  private busy = false;
  private stopped = false;
  private readonly abort = new AbortController();
  private waitMs: number;
  private retryTimer: NodeJS.Timeout | undefined;
  private lastComplaint = 0;
  private sent = 0;
  private lost = 0;

  constructor(
    private readonly sink: AuditSink,
    private readonly options: FeederOptions,
  ) {
    this.waitMs = options.firstWaitMs ?? FIRST_WAIT_MS;
  }

  get name(): AuditSink['name'] {
    return this.sink.name;
  }

  get delivered(): number {
    return this.sent;
  }

  get dropped(): number {
    return this.lost;
  }

  get waiting(): number {
    return this.queue.length;
  }

  push(events: readonly AuditEventView[]): void {
    if (this.stopped) return;
    for (const event of events) this.queue.push(event);
    const surplus = this.queue.length - (this.options.capacity ?? CAPACITY);
    if (surplus > 0) {
      this.queue.splice(0, surplus);
      this.lost += surplus;
    }
    if (!this.busy && this.retryTimer === undefined) void this.run();
  }

  /** Ends the feeding; waits at most `graceMs` for what is queued. */
  async stop(graceMs: number): Promise<void> {
    const end = Date.now() + graceMs;
    while (this.busy && this.queue.length > 0 && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.end();
  }

  /** Ends the feeding at once; answers what was not delivered, or not for certain. */
  end(): readonly AuditEventView[] {
    this.stopped = true;
    clearTimeout(this.retryTimer);
    this.abort.abort();
    this.sink.close();
    const left = this.queue;
    this.queue = [];
    return left;
  }

  private async run(): Promise<void> {
    this.busy = true;
    while (this.queue.length > 0 && !this.stopped) {
      const batch = this.queue.slice(0, this.sink.batchSize);
      if (!(await this.deliver(batch))) break;
    }
    this.busy = false;
  }

  private async deliver(batch: AuditEventView[]): Promise<boolean> {
    try {
      await this.sink.deliver(batch, this.abort.signal);
      this.sent += batch.length;
    } catch (error) {
      this.complain(error);
      if (!(error instanceof SinkRefusedError)) {
        this.retryLater();
        return false;
      }
      this.lost += batch.length;
    }
    this.waitMs = this.options.firstWaitMs ?? FIRST_WAIT_MS;
    this.forget(batch);
    return true;
  }

  /** The queue may have lost its head meanwhile: only what is still there goes. */
  private forget(batch: readonly AuditEventView[]): void {
    const last = batch.at(-1);
    const place = last ? this.queue.indexOf(last) : -1;
    if (place >= 0) this.queue.splice(0, place + 1);
  }

  private retryLater(): void {
    if (this.stopped) return;
    this.retryTimer = setTimeout(() => {
      this.retryTimer = undefined;
      void this.run();
    }, this.waitMs);
    this.retryTimer.unref();
    this.waitMs = Math.min(this.waitMs * 2, this.options.longestWaitMs ?? LONGEST_WAIT_MS);
  }

  private complain(error: unknown): void {
    if (this.stopped || Date.now() - this.lastComplaint < COMPLAIN_EVERY_MS) return;
    this.lastComplaint = Date.now();
    const fields = { sink: this.sink.name, err: error, waiting: this.queue.length, dropped: this.lost };
    this.options.log.warn(
      fields,
      'audit events cannot be delivered to a sink; the log itself is not concerned',
    );
  }
}
