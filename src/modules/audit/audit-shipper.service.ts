import { appendFile, stat } from 'node:fs/promises';
import { isDatabaseDown } from '../../platform/database/database.errors.js';
import type { Spill, SpillBatch } from '../../platform/spill/spill.js';
import { jsonbOf, jsonbOfLine, lineOfBatch } from './audit-batch.policy.js';
import { eventsOf, linesOfRows } from './audit-group.policy.js';
import { insertArray } from './audit-insert.repository.js';
import { insertRowByRow, isFaultOfContent } from './audit-row-by-row.repository.js';
import type { SqlTransactions } from './audit-row-by-row.repository.js';

export interface ShipperOptions {
  readonly log: { error(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** Lines that the database refuses for what they hold are kept here, up to a limit. */
  readonly rejectedFile: string;
  readonly onWritten?: (rows: number) => void;
}

const IDLE_MS = 1000;
/** Under load so many lines, or the lines of so long, go together: each batch has its price, here and in the database. */
const GATHER_BYTES = 768 * 1024;
const GATHER_MS = 500;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;
const COMPLAIN_EVERY_MS = 30_000;
const LINE_FEED = Buffer.from('\n');
const LARGEST_REJECTED_FILE = 16 * 1024 * 1024;

/**
 * Moves lines from the spill to the database, one batch after another. While the database is away it waits and
 * tries again; a line that the database refuses for its content is put aside, so that it does not stop the rest.
 */
export class AuditShipper {
  private stopped = true;
  private wake: (() => void) | undefined;
  private signalled = false;
  private gathering = false;
  private loop: Promise<void> | undefined;
  private waitMs = FIRST_WAIT_MS;
  private lost = 0;
  private lastComplaint = 0;
  private failure: string | undefined;

  constructor(
    private readonly spill: Spill,
    private readonly sql: SqlTransactions,
    private readonly options: ShipperOptions,
  ) {}

  /** Events that were refused by the database or torn by a crash. */
  get dropped(): number {
    return this.lost;
  }

  /** Why nothing gets into the database, while that is so. */
  get problem(): string | undefined {
    return this.failure;
  }

  start(): void {
    if (this.loop) return;
    this.stopped = false;
    this.loop = this.run();
  }

  /** There is something new, or the database is back. */
  notify(): void {
    if (this.failure !== undefined || (this.gathering && this.spill.pendingBytes < GATHER_BYTES)) return;
    this.signalled = true;
    this.wake?.();
  }

  /** Resolves when everything that is in the spill now is in the database, or after `timeoutMs`. */
  async drained(timeoutMs: number): Promise<boolean> {
    const end = Date.now() + timeoutMs;
    while (this.spill.pendingBytes > 0 && Date.now() < end) {
      this.wake?.();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.spill.pendingBytes === 0;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.wake?.();
    await this.loop;
    this.loop = undefined;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const wait = await this.step();
      if (wait > 0) await this.sleep(wait);
    }
  }

  /** Ships one batch; answers how long to wait before the next. */
  private async step(): Promise<number> {
    this.signalled = false;
    try {
      const batch = await this.spill.next();
      if (batch) await this.ship(batch);
      this.waitMs = FIRST_WAIT_MS;
      this.failure = undefined;
      this.gathering = batch !== undefined && this.spill.pendingBytes < GATHER_BYTES;
      if (!batch) return IDLE_MS;
      return this.gathering ? GATHER_MS : 0;
    } catch (error) {
      this.complain(error);
      this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
      return this.waitMs;
    }
  }

  private async ship(batch: SpillBatch): Promise<void> {
    if (batch.torn > 0) {
      this.lost += batch.torn;
      this.options.log.warn({ events: batch.torn }, 'audit events were cut off by a crash');
    }
    const written = batch.ends.length > 0 ? await this.insert(batch, 0, batch.ends.length) : 0;
    this.options.onWritten?.(written);
    await batch.commit();
  }

  /** Inserts the lines `from` to `to` (without); when their content is at fault, halves them until the faulty ones are alone. */
  private async insert(batch: SpillBatch, from: number, to: number): Promise<number> {
    try {
      return await insertArray(this.sql, jsonbOf(batch, from, to));
    } catch (error) {
      if (!isFaultOfContent(error)) throw error;
      if (to - from === 1) return await this.insertLine(Buffer.from(lineOfBatch(batch, from)));
      const middle = (from + to) >> 1;
      return (await this.insert(batch, from, middle)) + (await this.insert(batch, middle, to));
    }
  }

  /** A line that is at fault; if it still is, the rows of it that are not. */
  private async insertLine(line: Buffer): Promise<number> {
    try {
      return await this.insertTwice(jsonbOfLine(line));
    } catch (error) {
      if (!isFaultOfContent(error)) throw error;
      const rows = linesOfRows(line);
      if (rows.length > 1) return await this.insertRows(rows);
      await this.reject(line, error);
      return 0;
    }
  }

  private async insertRows(rows: readonly string[]): Promise<number> {
    const { added, refused } = await insertRowByRow(this.sql, rows);
    for (const { line, error } of refused) await this.reject(line, error);
    return added;
  }

  /** While the table of a new day is made, PostgreSQL says of a good line that it violates a constraint. */
  private async insertTwice(lines: Buffer): Promise<number> {
    try {
      return await insertArray(this.sql, lines);
    } catch (error) {
      if (!isFaultOfContent(error)) throw error;
      return await insertArray(this.sql, lines);
    }
  }

  private async reject(line: Buffer, error: unknown): Promise<void> {
    // Nothing was written there.
    if (line.length === 0) return;
    this.lost += eventsOf(line);
    this.options.log.error(
      { err: causeOf(error), file: this.options.rejectedFile },
      'the database refuses an audit line',
    );
    if ((await sizeOf(this.options.rejectedFile)) + line.length > LARGEST_REJECTED_FILE) return;
    await appendFile(this.options.rejectedFile, Buffer.concat([line, LINE_FEED]), { mode: 0o600 });
  }

  private complain(error: unknown): void {
    this.failure = isDatabaseDown(error)
      ? 'database_unavailable'
      : error instanceof Error
        ? error.name
        : 'unknown';
    if (Date.now() - this.lastComplaint < COMPLAIN_EVERY_MS) return;
    this.lastComplaint = Date.now();
    const fields = { err: causeOf(error), pendingBytes: this.spill.pendingBytes };
    this.options.log.warn(
      fields,
      'audit events cannot be written to the database yet; they are kept on disk',
    );
  }

  private sleep(milliseconds: number): Promise<void> {
    if (this.signalled) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.wake = done;
    });
  }
}

/** What the driver said. The error around it holds the statement and the whole batch, which is no matter for the log. */
function causeOf(error: unknown): unknown {
  return (error as { driverError?: unknown }).driverError ?? error;
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
