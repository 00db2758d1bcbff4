import { open, mkdir, rm, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { adoptLeftovers, POSITION_FILE } from './leftovers.js';
import { Mutex } from '../../lib/mutex.js';
import { newSegment } from './segment.js';
import type { Segment } from './segment.js';
import { countEntries, LineReader } from './segment-reader.js';
import type { EntriesOf, LineBatch } from './segment-reader.js';
import { claimFolder, releaseFolder, renewClaim } from './spill-owner.js';

export interface SpillOptions {
  /** Folder of all processes' spills. */
  readonly root: string;
  readonly segmentBytes?: number;
  /** Most lines of one batch. */
  readonly batchLines?: number;
  /** One for each line unless it is said otherwise. */
  readonly entriesOf?: EntriesOf;
}

/** What is `torn` was cut off by a crash while it was written. Valid until the next call of `next`. */
export interface SpillBatch extends Omit<LineBatch, 'end'> {
  /** Forgets the batch: it was delivered. */
  commit(): Promise<void>;
}

const SEGMENT_BYTES = 8 * 1024 * 1024;
const BATCH_LINES = 1000;
/** A delivered file is only given up from here on: making and removing files costs more than writing them. */
const SMALL_SEGMENT_BYTES = 4 * 1024 * 1024;

/**
 * Lines that survive this process: appended to files, read back in batches, forgotten when they were delivered.
 * What `append` has answered for survives `kill -9`; what `sync` has answered for survives a power cut. What a
 * dead process left behind is taken over at `open` and `adopt`. One reader at a time.
 */
export class Spill {
  readonly writer = randomBytes(6).toString('hex');
  private readonly folder: string;
  private readonly segments: Segment[] = [];
  private active: { readonly segment: Segment; readonly file: FileHandle } | undefined;
  private reading: { readonly segment: Segment; readonly file: FileHandle } | undefined;
  private position: FileHandle | undefined;
  private readonly entriesOf: EntriesOf;
  private readonly reader: LineReader;
  private number = 0;
  private dirty = false;
  private readonly mutex = new Mutex();

  constructor(private readonly options: SpillOptions) {
    this.folder = join(options.root, this.writer);
    this.entriesOf = options.entriesOf ?? (() => 1);
    this.reader = new LineReader(this.entriesOf);
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.size, 0);
  }

  /** Bytes that were not delivered yet. */
  get pendingBytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.size - segment.offset, 0);
  }

  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await claimFolder(this.folder);
    this.position = await open(join(this.folder, POSITION_FILE), 'w', 0o600);
    await this.adopt();
  }

  /** Takes over what processes that are gone left behind, and shows a sign of life. */
  async adopt(): Promise<void> {
    await renewClaim(this.folder);
    const adopted = await adoptLeftovers(this.options.root, this.folder);
    this.segments.unshift(...adopted);
  }

  /**
   * Appends whole lines (each ends in a line feed), which must not change meanwhile. Throws what the file system
   * throws; nothing counts then.
   */
  append(parts: readonly Buffer[]): Promise<void> {
    return this.mutex.run(() => this.appendNow(parts));
  }

  private async appendNow(parts: readonly Buffer[]): Promise<void> {
    const full = (this.active?.segment.size ?? 0) >= (this.options.segmentBytes ?? SEGMENT_BYTES);
    if (full) await this.finish();
    const { segment, file } = this.active ?? (await this.begin());
    let written = 0;
    for (let rest = parts; rest.length > 0;) {
      // At an explicit place: what a failed attempt left behind is overwritten by the next one.
      const { bytesWritten } = await file.writev(rest, segment.size + written);
      written += bytesWritten;
      rest = restOf(rest, bytesWritten);
    }
    segment.size += written;
    this.dirty = true;
  }

  /** Puts what was appended on the disk. Does nothing when nothing was. */
  sync(): Promise<void> {
    return this.mutex.run(() => this.syncNow());
  }

  private async syncNow(): Promise<void> {
    if (!this.dirty || !this.active) return;
    await this.active.file.datasync();
    this.dirty = false;
  }

  /** The oldest lines that were not delivered; undefined when there are none. The same again until `commit`. */
  next(): Promise<SpillBatch | undefined> {
    return this.mutex.run(() => this.nextNow());
  }

  private async nextNow(): Promise<SpillBatch | undefined> {
    for (let segment = this.segments[0]; segment; segment = this.segments[0]) {
      if (segment.offset < segment.size) return this.read(segment);
      if (!segment.closed && segment.size < SMALL_SEGMENT_BYTES) return undefined;
      if (!segment.closed) {
        // All of it was delivered: the disk need not have it any more.
        this.dirty = false;
        await this.finish();
      }
      await this.remove(segment);
    }
    return undefined;
  }

  /** Gives up the oldest segment; answers how many undelivered entries went with it. */
  dropOldest(): Promise<number> {
    return this.mutex.run(() => this.dropOldestNow());
  }

  private async dropOldestNow(): Promise<number> {
    const segment = this.segments[0];
    if (!segment) return 0;
    if (!segment.closed) await this.finish();
    const entries = await countEntries(segment, this.entriesOf);
    await this.remove(segment);
    return entries;
  }

  /** Ends writing. What was not delivered stays for the next process. */
  close(): Promise<void> {
    return this.mutex.run(() => this.closeNow());
  }

  private async closeNow(): Promise<void> {
    await this.finish();
    await this.stopReading();
    await this.position?.close();
    this.position = undefined;
    if (this.pendingBytes === 0) await rm(this.folder, { recursive: true, force: true });
    else await releaseFolder(this.folder);
  }

  private async begin(): Promise<{ segment: Segment; file: FileHandle }> {
    const segment = newSegment(this.folder, Date.now(), this.writer, this.number++);
    this.active = { segment, file: await open(segment.path, 'wx', 0o600) };
    this.segments.push(segment);
    return this.active;
  }

  private async finish(): Promise<void> {
    const active = this.active;
    if (!active) return;
    await this.syncNow();
    this.active = undefined;
    active.segment.closed = true;
    await active.file.close();
  }

  private async read(segment: Segment): Promise<SpillBatch> {
    if (this.reading?.segment !== segment) {
      await this.stopReading();
      this.reading = { segment, file: await open(segment.path, 'r') };
    }
    const from = segment.offset;
    const batch = await this.reader.read(this.reading.file, segment, this.options.batchLines ?? BATCH_LINES);
    const commit = async (): Promise<void> => {
      // Given up meanwhile: the lines were delivered all the same.
      if (!this.segments.includes(segment) || segment.offset !== from) return;
      segment.offset = batch.end;
      await this.savePosition(segment);
    };
    return { bytes: batch.bytes, ends: batch.ends, torn: batch.torn, commit };
  }

  /** Not synced: an old position only means that some lines are delivered twice. */
  private async savePosition(segment: Segment): Promise<void> {
    const text = JSON.stringify({ segment: segment.name, offset: segment.offset }).padEnd(160);
    await this.position?.write(text, 0, 'utf8');
  }

  private async remove(segment: Segment): Promise<void> {
    if (this.reading?.segment === segment) await this.stopReading();
    const place = this.segments.indexOf(segment);
    if (place < 0) return;
    this.segments.splice(place, 1);
    await unlink(segment.path);
  }

  private async stopReading(): Promise<void> {
    const reading = this.reading;
    this.reading = undefined;
    await reading?.file.close();
  }
}

/** What is left to write when the system took less than all. */
function restOf(parts: readonly Buffer[], written: number): Buffer[] {
  const rest: Buffer[] = [];
  let passed = 0;
  for (const part of parts) {
    const done = Math.min(part.length, Math.max(0, written - passed));
    if (done < part.length) rest.push(part.subarray(done));
    passed += part.length;
  }
  return rest;
}
