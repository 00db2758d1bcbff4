const CHUNK_BYTES = 256 * 1024;
/** Chunks that are kept for the next lines; more are only needed while the disk is slow. */
const MOST_FREE = 8;
const NEARLY_FULL_SHARE = 0.9;

interface Chunk {
  readonly bytes: Buffer;
  /** What waits stands from `start` to `end`. */
  start: number;
  end: number;
  entries: number;
  /** How much of it is being written: up to here, and so many entries. */
  takenEnd: number;
  takenEntries: number;
}

/** Whole lines on their way out of a `LineBuffer`. */
export interface TakenLines {
  readonly parts: readonly Buffer[];
  readonly bytes: number;
}

/**
 * Lines that wait to be written, copied into large pieces of memory that are used again and again: what waits costs
 * the garbage collector nothing. Bounded: `capacity` is in bytes, and covers all of its memory but a few free pieces.
 */
export class LineBuffer {
  /** In the order of their lines. */
  private readonly chunks: Chunk[] = [];
  /** The last of them, which is filled. */
  private last: Chunk | undefined;
  private readonly free: Buffer[] = [];
  private taken: TakenLines | undefined;
  /** Size of the chunks in use. */
  private held = 0;
  private waitingBytes = 0;
  private waitingEntries = 0;

  constructor(private readonly capacity: number) {}

  /** Entries of the lines that were not released yet. */
  get entries(): number {
    return this.waitingEntries;
  }

  /** The bytes of those lines. */
  get bytes(): number {
    return this.waitingBytes;
  }

  get isNearlyFull(): boolean {
    return this.held > this.capacity * NEARLY_FULL_SHARE;
  }

  /** True when `append` may be called with so many bytes. */
  hasRoom(bytes: number): boolean {
    const { last } = this;
    if (last && last.bytes.length - last.end >= bytes) return true;
    return this.held + Math.max(bytes, CHUNK_BYTES) <= this.capacity;
  }

  /** Copies one line, which holds `entries` and ends in a line feed. */
  append(line: Uint8Array, entries: number): void {
    const size = line.length;
    let chunk = this.last;
    if (!chunk || chunk.bytes.length - chunk.end < size) chunk = this.begin(size);
    chunk.bytes.set(line, chunk.end);
    chunk.end += size;
    chunk.entries += entries;
    this.waitingBytes += size;
    this.waitingEntries += entries;
  }

  /**
   * The oldest lines, some `most` bytes of them; undefined when there are none. They keep their place, and are not
   * dropped, until `release`; until then the answer is the same.
   */
  take(most: number): TakenLines | undefined {
    if (this.taken || this.waitingBytes === 0) return this.taken;
    const parts: Buffer[] = [];
    let bytes = 0;
    for (const chunk of this.chunks) {
      const size = chunk.end - chunk.start;
      if (bytes > 0 && bytes + size > most) break;
      parts.push(chunk.bytes.subarray(chunk.start, chunk.end));
      chunk.takenEnd = chunk.end;
      chunk.takenEntries = chunk.entries;
      bytes += size;
    }
    this.taken = { parts, bytes };
    return this.taken;
  }

  /** What was taken is written: its memory is free. Lines that came meanwhile stay. */
  release(): void {
    if (!this.taken) return;
    this.waitingBytes -= this.taken.bytes;
    for (const chunk of this.chunks.slice(0, this.taken.parts.length)) {
      this.waitingEntries -= chunk.takenEntries;
      chunk.entries -= chunk.takenEntries;
      chunk.start = chunk.takenEnd;
      chunk.takenEntries = 0;
    }
    this.taken = undefined;
    for (let first = this.chunks[0]; first && first.start === first.end; first = this.chunks[0]) {
      this.chunks.shift();
      this.end(first);
    }
  }

  /** Gives up the oldest lines that are not taken, a piece of memory full; answers how many entries they held. */
  dropOldest(): number {
    const [dropped] = this.chunks.splice(this.taken?.parts.length ?? 0, 1);
    if (!dropped) return 0;
    this.waitingBytes -= dropped.end - dropped.start;
    this.waitingEntries -= dropped.entries;
    this.end(dropped);
    return dropped.entries;
  }

  private begin(size: number): Chunk {
    const bytes =
      size > CHUNK_BYTES
        ? Buffer.allocUnsafeSlow(size)
        : (this.free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES));
    const chunk = { bytes, start: 0, end: 0, entries: 0, takenEnd: 0, takenEntries: 0 };
    this.chunks.push(chunk);
    this.last = chunk;
    this.held += bytes.length;
    return chunk;
  }

  private end(chunk: Chunk): void {
    const { bytes } = chunk;
    if (chunk === this.last) this.last = undefined;
    this.held -= bytes.length;
    if (bytes.length === CHUNK_BYTES && this.free.length < MOST_FREE) this.free.push(bytes);
  }
}
