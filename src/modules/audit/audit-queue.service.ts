import { ByteText } from '../../lib/byte-text.js';
import { LineBuffer } from '../../platform/spill/line-buffer.js';
import { ChainKeeper, MOST_LINK_BYTES, ROOM_BEFORE_ROW } from './audit-chain.policy.js';
import { writeRow } from './audit-line.policy.js';
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

/**
 * Between requests and the writer: makes each event its line at once, as bytes with the link of its chain, and keeps
 * nothing of the event. Bounded: when it is full the oldest lines go, which their chain shows as missing, or the new
 * event is not taken, as `whenFull` says; both are counted.
 */
export class AuditQueue {
  readonly lines: LineBuffer;
  whenFull: 'drop-oldest' | 'refuse' = 'drop-oldest';
  private readonly chains: ChainKeeper;
  private readonly line = new ByteText();
  private rows: AuditRow[] = [];
  private lost = 0;

  constructor(private readonly options: QueueOptions) {
    this.lines = new LineBuffer(options.capacity);
    this.chains = new ChainKeeper(options.writer);
  }

  /** Events that were lost so far: the queue was full, or they could not be written as a line. */
  get dropped(): number {
    return this.lost;
  }

  /** Never throws. An event that cannot be written as a line is counted and left out. */
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
    const { line } = this;
    line.begin(ROOM_BEFORE_ROW);
    writeRow(event, line);
    const row = this.options.wantsRows?.() ? toRow(event) : undefined;
    // Nothing may go wrong behind this: a link that was made and has no line would be a gap in the chain.
    if (!this.makeRoom(line.length + MOST_LINK_BYTES)) {
      this.lost += 1;
      return;
    }
    this.chains.link(dayOf(event.time), line);
    this.lines.append(line.bytes.subarray(ROOM_BEFORE_ROW, line.length));
    if (row) this.keep(row);
  }

  private keep(row: AuditRow): void {
    this.rows.push(row);
    if (this.rows.length >= MOST_ROWS) this.handOverRows();
  }

  private makeRoom(bytes: number): boolean {
    while (!this.lines.hasRoom(bytes)) {
      if (this.whenFull === 'refuse') return false;
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

/** The UTC day of a time: it changes once a day, and is asked for with every event. */
function dayOf(time: number): string {
  const start = time - (time % DAY_MS);
  if (start !== dayStart) {
    day = new Date(time).toISOString().slice(0, 10);
    dayStart = start;
  }
  return day;
}
