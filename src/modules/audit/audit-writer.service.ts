import type { Clock } from '../../lib/clock.js';
import type { Spill } from '../../platform/spill/spill.js';
import type { AuditQueue } from './audit-queue.service.js';

export interface SpillLimits {
  readonly maxBytes: number;
  readonly whenFull: 'drop-oldest' | 'refuse';
}

/** What the writer needs of the outside; all of it optional but the log. */
export interface WriterHooks {
  readonly log: { error(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** Called when there is something new for the database. */
  readonly onAppended?: () => void;
}

const TICK_MS = 100;
/** Of one write: each is a trip to another thread and back. */
const MOST_WRITE_BYTES = 1024 * 1024;
const SYNC_MS = 500;
/** Refusing ends only when this share of the room is free again, so that it does not flicker. */
const ROOM_AGAIN = 0.95;
const ALARM_SHARE = 0.8;
/** Under steady load there is always something new; a flush is about what was there before it. */
const MOST_FLUSH_ROUNDS = 20;
const ALARM_EVERY_MS = 60_000;

/**
 * Moves lines from the queue to the spill: at most 0.1 s after `record` they survive the process, at most 1 s after
 * it a power cut. Never throws towards the requests; what cannot be written yet stays and is tried again.
 */
export class AuditWriter {
  private limits: SpillLimits = { maxBytes: Number.MAX_SAFE_INTEGER, whenFull: 'drop-oldest' };
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private lost = 0;
  private full = false;
  private lastSync = 0;
  private lastAlarm = 0;
  private failure: string | undefined;

  constructor(
    private readonly queue: AuditQueue,
    private readonly spill: Spill,
    private readonly clock: Clock,
    private readonly hooks: WriterHooks,
  ) {}

  /** Events that were given up because the disk space for them was used up. */
  get dropped(): number {
    return this.lost;
  }

  /** Events that are not on the disk yet. */
  get waiting(): number {
    return this.queue.waiting;
  }

  /** True while the room on disk or in memory is used up and the setting says that requests are to be refused. */
  get refusing(): boolean {
    return this.limits.whenFull === 'refuse' && (this.full || this.queue.lines.isNearlyFull);
  }

  /** Why the disk cannot be written, or not fast enough, while that is so. */
  get problem(): string | undefined {
    return this.failure ?? (this.queue.lines.isNearlyFull ? 'disk_too_slow' : undefined);
  }

  limit(limits: SpillLimits): void {
    this.limits = limits;
    this.queue.whenFull = limits.whenFull;
  }

  start(): void {
    this.timer ??= setInterval(() => {
      this.queue.handOverRows();
      // A disk that stands still fails no write, it only does not end it.
      if (this.queue.lines.isNearlyFull)
        this.alarm('the disk is too slow for the audit events; they wait in memory');
      void this.tick();
    }, TICK_MS);
  }

  /** Writes everything that was recorded so far and puts it on the disk. */
  async flush(): Promise<void> {
    this.queue.handOverRows();
    for (let round = 0; round < MOST_FLUSH_ROUNDS && this.waiting > 0; round++) {
      await this.tick();
      if (this.failure !== undefined || this.refusing) break;
    }
    await this.spill.sync();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    await this.running;
    await this.flush();
  }

  /** One run at a time. */
  private async tick(): Promise<void> {
    this.running ??= this.drain().finally(() => (this.running = undefined));
    await this.running;
  }

  private async drain(): Promise<void> {
    try {
      await this.write();
      if (this.clock.now() - this.lastSync >= SYNC_MS) {
        this.lastSync = this.clock.now();
        await this.spill.sync();
      }
      this.failure = undefined;
    } catch (error) {
      this.failure = (error as NodeJS.ErrnoException).code ?? 'unknown';
      this.alarm('the audit spill cannot be written; events wait in memory', error);
    }
  }

  /** What is there now, not what comes meanwhile: that would never end, and be many small writes. */
  private async write(): Promise<void> {
    const { lines } = this.queue;
    this.queue.endGroup();
    let left = lines.bytes;
    while (left > 0) {
      const taken = lines.take(MOST_WRITE_BYTES);
      if (!taken || !(await this.makeRoom(taken.bytes))) return;
      await this.spill.append(taken.parts);
      lines.release();
      left -= taken.bytes;
      this.hooks.onAppended?.();
    }
  }

  /** False when there is no room and nothing may be dropped. */
  private async makeRoom(wanted: number): Promise<boolean> {
    const { maxBytes, whenFull } = this.limits;
    const used = this.spill.bytes;
    if (used > maxBytes * ALARM_SHARE)
      this.alarm('the room for audit events that wait for the database runs out');
    const bound = this.full && whenFull === 'refuse' ? maxBytes * ROOM_AGAIN : maxBytes;
    if (used + wanted <= bound) {
      this.full = false;
      return true;
    }
    this.full = true;
    if (whenFull === 'refuse') return false;
    while (this.spill.bytes > 0 && this.spill.bytes + wanted > maxBytes)
      this.lost += await this.spill.dropOldest();
    return true;
  }

  private alarm(message: string, error?: unknown): void {
    const now = this.clock.now();
    if (now - this.lastAlarm < ALARM_EVERY_MS) return;
    this.lastAlarm = now;
    const { maxBytes, whenFull } = this.limits;
    const fields = {
      spillBytes: this.spill.bytes,
      maxBytes,
      whenFull,
      waiting: this.waiting,
      lost: this.lost,
    };
    this.hooks.log.error({ ...fields, err: error }, message);
  }
}
