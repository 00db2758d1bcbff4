import { appendFile, stat } from 'node:fs/promises';
import { isDatabaseDown } from '../../platform/database/database.errors.js';
import type { Spill, SpillBatch } from '../../platform/spill/spill.js';
import { insertLines } from './audit-insert.repository.js';
import type { SqlRunner } from './audit-insert.repository.js';

export interface ShipperOptions {
  readonly log: { error(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** Lines that the database refuses for what they hold are kept here, up to a limit. */
  readonly rejectedFile: string;
  readonly onWritten?: (rows: number) => void;
}

const IDLE_MS = 1000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;
const COMPLAIN_EVERY_MS = 30_000;
const LARGEST_REJECTED_FILE = 16 * 1024 * 1024;

/**
 * Moves lines from the spill to the database, one batch after another. While the database is away it waits and
 * tries again; a line that the database refuses for its content is put aside, so that it does not stop the rest.
 */
export class AuditShipper {
  private stopped = true;
  private wake: (() => void) | undefined;
  private signalled = false;
  private loop: Promise<void> | undefined;
  private waitMs = FIRST_WAIT_MS;
  private lost = 0;
  private lastComplaint = 0;
  private failure: string | undefined;

  constructor(
    private readonly spill: Spill,
    private readonly sql: SqlRunner,
    private readonly options: ShipperOptions,
  ) {}

  /** Lines that were refused by the database or torn by a crash. */
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
    if (this.failure !== undefined) return;
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
      if (!batch) return IDLE_MS;
      await this.ship(batch);
      this.waitMs = FIRST_WAIT_MS;
      this.failure = undefined;
      return 0;
    } catch (error) {
      this.complain(error);
      this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
      return this.waitMs;
    }
  }

  private async ship(batch: SpillBatch): Promise<void> {
    if (batch.torn > 0) {
      this.lost += batch.torn;
      this.options.log.warn({ lines: batch.torn }, 'an audit line was cut off by a crash');
    }
    const written = batch.lines.length > 0 ? await this.insert(batch.lines) : 0;
    this.options.onWritten?.(written);
    await batch.commit();
  }

  /** Inserts lines; when their content is at fault, halves them until the faulty ones are alone. */
  private async insert(lines: readonly string[]): Promise<number> {
    try {
      return await insertLines(this.sql, lines);
    } catch (error) {
      if (isDatabaseDown(error) || !isFaultOfContent(error)) throw error;
      if (lines.length > 1) {
        const middle = lines.length >> 1;
        return (await this.insert(lines.slice(0, middle))) + (await this.insert(lines.slice(middle)));
      }
      await this.reject(lines[0] ?? '', error);
      return 0;
    }
  }

  private async reject(line: string, error: unknown): Promise<void> {
    this.lost += 1;
    this.options.log.error(
      { err: error, file: this.options.rejectedFile },
      'the database refuses an audit line',
    );
    if ((await sizeOf(this.options.rejectedFile)) + line.length > LARGEST_REJECTED_FILE) return;
    await appendFile(this.options.rejectedFile, `${line}\n`, { mode: 0o600 });
  }

  private complain(error: unknown): void {
    this.failure = isDatabaseDown(error)
      ? 'database_unavailable'
      : error instanceof Error
        ? error.name
        : 'unknown';
    if (Date.now() - this.lastComplaint < COMPLAIN_EVERY_MS) return;
    this.lastComplaint = Date.now();
    const fields = { err: error, pendingBytes: this.spill.pendingBytes };
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

/** SQLSTATE classes 22 (data exception) and 23 (constraint): asking again cannot help. */
function isFaultOfContent(error: unknown): boolean {
  const { code, driverError } = error as { code?: unknown; driverError?: { code?: unknown } };
  const state = typeof code === 'string' ? code : driverError?.code;
  return typeof state === 'string' && (state.startsWith('22') || state.startsWith('23'));
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
