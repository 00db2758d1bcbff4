import { LineBuffer } from '../../platform/spill/line-buffer.js';
import { ChainKeeper } from './audit-chain.policy.js';
import { MOST_GROUP_ROWS } from './audit-group.policy.js';
import { GroupWriter } from './audit-group-writer.policy.js';
import type { AuditEvent } from './audit.port.js';
import { toRow } from './audit-row.policy.js';
import type { AuditRow } from './audit-row.policy.js';

export interface QueueOptions {
  /** Name of this process in its chains. */
  readonly writer: string;
  /** Most bytes that wait for the disk. */
  readonly capacity: number;
  readonly log: { error(fields: object, message: string): void };
  /** Given the rows of events while `wantsRows` says that they are wanted. Must be quick and not throw. */
  readonly onRows?: (rows: readonly AuditRow[]) => void;
  readonly wantsRows?: () => boolean;
}

/** Rows that wait for the next `handOverRows`. */
const MOST_ROWS = 1000;
/** A group ends when it is so large; its last event may go beyond. */
const MOST_GROUP_BYTES = 64 * 1024;
const RESERVED_BYTES = 2 * MOST_GROUP_BYTES;

/**
 * Between requests and the writer: makes bytes of each event at once, in the open group, and keeps nothing of the
 * event; a group that ends becomes a line with its link of the chain. Bounded: when it is full the oldest lines go,
 * which their chain shows as missing, or the new event is not taken, as `whenFull` says; both are counted.
 */
export class AuditQueue {
  readonly lines: LineBuffer;
  whenFull: 'drop-oldest' | 'refuse' = 'drop-oldest';
  private readonly chains: ChainKeeper;
  private readonly group = new GroupWriter();
  private day = '';
  private rows: AuditRow[] = [];
  private lost = 0;

  constructor(private readonly options: QueueOptions) {
    this.lines = new LineBuffer(options.capacity);
    this.chains = new ChainKeeper(options.writer);
  }

  /** Events that were lost so far: the queue was full, or they could not be written. */
  get dropped(): number {
    return this.lost;
  }

  /** Events that are not on the disk yet. */
  get waiting(): number {
    return this.lines.entries + this.group.count;
  }

  /** Never throws. An event that cannot be written is counted and left out. */
  record(event: AuditEvent): void {
    try {
      this.take(event);
    } catch (error) {
      this.lost += 1;
      this.options.log.error(
        { err: error, eventId: event.id },
        'an audit event cannot be written and is lost',
      );
    }
  }

  /** Gives the rows that came since the last time to whoever wants them. */
  handOverRows(): void {
    if (this.rows.length === 0) return;
    const { rows } = this;
    this.rows = [];
    this.options.onRows?.(rows);
  }

  private take(event: AuditEvent): void {
    const day = dayOf(event.time);
    if (day !== this.day || this.group.bytes >= MOST_GROUP_BYTES || this.group.count >= MOST_GROUP_ROWS) {
      this.endGroup();
      this.day = day;
    }
    // An event that was taken is not given up when its group ends.
    if (this.whenFull === 'refuse' && this.group.count === 0 && !this.lines.hasRoom(RESERVED_BYTES)) {
      this.lost += 1;
      return;
    }
    this.group.add(event);
    if (this.options.wantsRows?.()) this.keep(toRow(event));
  }

  /** Makes a line of the events that came since the last time. */
  endGroup(): void {
    const { group, day } = this;
    const rows = group.count;
    if (rows === 0) return;
    const { line, hash } = group.end(this.chains.next(day));
    if (!this.makeRoom(line.length)) {
      this.lost += rows;
      return;
    }
    this.chains.add(day, rows, hash);
    this.lines.append(line, rows);
  }

  private keep(row: AuditRow): void {
    this.rows.push(row);
    if (this.rows.length >= MOST_ROWS) this.handOverRows();
  }

  private makeRoom(bytes: number): boolean {
    // What was taken is kept: a huge last event may go beyond the room once, and nothing is taken before there is some.
    if (this.whenFull === 'refuse') return true;
    while (!this.lines.hasRoom(bytes)) {
      const dropped = this.lines.dropOldest();
      if (dropped === 0) return false;
      this.lost += dropped;
    }
    return true;
  }
}

const DAY_MS = 24 * 60 * 60 * 1000;
let dayStart = NaN;
let day = '';

/** The UTC day of a time: it changes once a day, and is asked for with every event. Throws for a time that is none. */
function dayOf(time: number): string {
  if (time >= dayStart && time < dayStart + DAY_MS) return day;
  day = new Date(time).toISOString().slice(0, 10);
  dayStart = Date.parse(day);
  return day;
}
