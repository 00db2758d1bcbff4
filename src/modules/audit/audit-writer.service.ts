import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.js';
import type { Spill } from '../../platform/spill/spill.js';
import { ChainKeeper, lineOf } from './audit-chain.policy.js';
import { eventJson } from './audit-line.policy.js';
import type { AuditEvent } from './audit.port.js';
import type { AuditQueue } from './audit-queue.service.js';
import { toRow } from './audit-row.policy.js';
import type { AuditRow } from './audit-row.policy.js';

export interface SpillLimits {
  readonly maxBytes: number;
  readonly whenFull: 'drop-oldest' | 'refuse';
}

/** What the writer needs of the outside; all of it optional but the log. */
export interface WriterHooks {
  readonly log: { error(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** Given each slice of events right after it is on its way to the disk, where `wantsRows` says that it is wanted. */
  readonly onRows?: (rows: readonly AuditRow[]) => void;
  readonly wantsRows?: () => boolean;
  /** Called when there is something new for the database. */
  readonly onAppended?: () => void;
}

const TICK_MS = 100;
/** One write for many lines: each is a trip to another thread and back. */
const MOST_HELD_LINES = 2000;
const SYNC_MS = 500;
/** Refusing ends only when this share of the room is free again, so that it does not flicker. */
const ROOM_AGAIN = 0.95;
const ALARM_SHARE = 0.8;
/** Under steady load there is always something new; a flush is about what was there before it. */
const MOST_FLUSH_ROUNDS = 20;
const ALARM_EVERY_MS = 60_000;

/**
 * Moves events from the queue to the spill: at most 0.1 s after `record` they survive the process, at most 1 s
 * after it a power cut. Never throws towards the requests; what cannot be written yet stays and is tried again.
 */
export class AuditWriter {
  private readonly chains: ChainKeeper;
  private limits: SpillLimits = { maxBytes: Number.MAX_SAFE_INTEGER, whenFull: 'drop-oldest' };
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  /** Text that could not be written yet. Its links are made, so it goes before everything else. */
  private held: { text: string; lines: number } | undefined;
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
  ) {
    this.chains = new ChainKeeper(spill.writer);
  }

  /** Events that were given up because the disk space for them was used up. */
  get dropped(): number {
    return this.lost;
  }

  /** Events that are not on the disk yet. */
  get waiting(): number {
    return this.queue.length + (this.held?.lines ?? 0);
  }

  /** True while the room is used up and the setting says that requests are to be refused. */
  get refusing(): boolean {
    return this.full && this.limits.whenFull === 'refuse';
  }

  /** Why the disk cannot be written, while that is so. */
  get problem(): string | undefined {
    return this.failure;
  }

  limit(limits: SpillLimits): void {
    this.limits = limits;
    this.queue.whenFull = limits.whenFull;
  }

  start(): void {
    this.timer ??= setInterval(() => void this.tick(), TICK_MS);
  }

  /** Writes everything that was recorded so far and puts it on the disk. */
  async flush(): Promise<void> {
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
      if (!this.held || (await this.write())) await this.drainQueue();
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

  private async drainQueue(): Promise<void> {
    for (let events = this.queue.take(); events.length > 0; events = this.queue.take()) {
      const { text, lines } = this.serialize(events);
      this.held = { text: (this.held?.text ?? '') + text, lines: (this.held?.lines ?? 0) + lines };
      if (this.held.lines < MOST_HELD_LINES) await nextTurn();
      else if (!(await this.write())) return;
    }
    if (this.held) await this.write();
  }

  /** Turns events into lines. One that cannot be is counted and left out; the others go on. */
  private serialize(events: readonly AuditEvent[]): { text: string; lines: number } {
    const wanted = this.hooks.wantsRows?.() ?? true;
    const rows: AuditRow[] = [];
    let lines = 0;
    let text = '';
    for (const event of events) {
      try {
        const json = eventJson(event);
        text += `${lineOf(json, this.chains.link(dayOf(event.time), json))}\n`;
        lines += 1;
        if (wanted) rows.push(toRow(event));
      } catch (error) {
        this.lost += 1;
        this.hooks.log.error(
          { err: error, eventId: event.id },
          'an audit event cannot be written and is lost',
        );
      }
    }
    if (rows.length > 0) this.hooks.onRows?.(rows);
    return { text, lines };
  }

  /** Writes what is held. False when there is no room and nothing may be dropped: it stays held. */
  private async write(): Promise<boolean> {
    const held = this.held;
    if (!held || !(await this.makeRoom(held.text.length))) return false;
    if (held.lines > 0) await this.spill.append(held.text);
    this.held = undefined;
    this.hooks.onAppended?.();
    return true;
  }

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

const DAY_MS = 24 * 60 * 60 * 1000;
let dayStart = NaN;
let day = '';

/** The UTC day of a time: it changes once a day, and is asked for with every event. */
function dayOf(time: number): string {
  const start = time - (time % DAY_MS);
  if (start !== dayStart) {
    dayStart = start;
    day = new Date(time).toISOString().slice(0, 10);
  }
  return day;
}
