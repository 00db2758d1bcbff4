import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Segment } from './segment.js';

/** As much as a batch of lines of ordinary length. */
const READ_BYTES = 1024 * 1024;
const LARGEST_LINE_BYTES = 8 * 1024 * 1024;
const LINE_FEED = 0x0a;

/** Free bytes before the lines of a batch, for what their receiver puts before them. */
export const ROOM_BEFORE_LINES = 16;

export interface LineBatch {
  /**
   * `ROOM_BEFORE_LINES` free bytes, then whole lines, each with its line feed. The memory is used again for the next
   * batch; until then the receiver may change it.
   */
  readonly bytes: Buffer;
  /** Where in `bytes` each line ends: behind its line feed. */
  readonly ends: readonly number[];
  /** Entries of lines that are not whole, and are not in `bytes`. */
  readonly torn: number;
  /** Offset in the file behind the last line of the batch. */
  readonly end: number;
}

/** How many entries a line holds, or what is left of one that was cut off. */
export type EntriesOf = (line: Buffer) => number;

/** Reads whole lines, into the same memory again and again. */
export class LineReader {
  private readonly memory = Buffer.allocUnsafeSlow(ROOM_BEFORE_LINES + READ_BYTES);

  constructor(private readonly entriesOf: EntriesOf) {}

  /** Reads from the segment's offset on. Bytes behind the last line feed of a closed segment are torn. */
  async read(file: FileHandle, segment: Segment, mostLines: number): Promise<LineBatch> {
    const left = segment.size - segment.offset;
    for (let wanted = Math.min(READ_BYTES, left); ; wanted = Math.min(wanted * 2, left)) {
      const size = ROOM_BEFORE_LINES + wanted;
      // Larger only for a line that is longer than a batch.
      const memory = size <= this.memory.length ? this.memory : Buffer.allocUnsafeSlow(size);
      const chunk = memory.subarray(0, size);
      await fill(file, chunk, ROOM_BEFORE_LINES, segment.offset);
      const ends = endsOfLines(chunk, mostLines);
      const last = ends.at(-1);
      if (last !== undefined) {
        const end = segment.offset + last - ROOM_BEFORE_LINES;
        return { bytes: chunk.subarray(0, last), ends, torn: 0, end };
      }
      if (wanted >= left || wanted >= LARGEST_LINE_BYTES) {
        const bytes = chunk.subarray(0, ROOM_BEFORE_LINES);
        const torn = this.entriesOf(chunk.subarray(ROOM_BEFORE_LINES));
        return { bytes, ends, torn, end: segment.offset + wanted };
      }
    }
  }
}

/** How many entries of the segment were not delivered. */
export async function countEntries(segment: Segment, entriesOf: EntriesOf): Promise<number> {
  const file = await open(segment.path, 'r');
  try {
    const reader = new LineReader(entriesOf);
    let entries = 0;
    for (let offset = segment.offset; offset < segment.size;) {
      const { bytes, ends, torn, end } = await reader.read(file, { ...segment, offset }, Infinity);
      entries += torn;
      let start = ROOM_BEFORE_LINES;
      for (const lineEnd of ends) {
        entries += entriesOf(bytes.subarray(start, lineEnd));
        start = lineEnd;
      }
      offset = end;
    }
    return entries;
  } finally {
    await file.close();
  }
}

/** Fills `chunk` from `start` to its end with what stands in the file at `position`. */
async function fill(file: FileHandle, chunk: Buffer, start: number, position: number): Promise<void> {
  for (let at = start; at < chunk.length;) {
    const { bytesRead } = await file.read(chunk, at, chunk.length - at, position + at - start);
    if (bytesRead === 0) throw new Error('A spill file is shorter than it was.');
    at += bytesRead;
  }
}

function endsOfLines(chunk: Buffer, mostLines: number): number[] {
  const ends: number[] = [];
  for (let from = ROOM_BEFORE_LINES; ends.length < mostLines; from = ends.at(-1) ?? from) {
    const feed = chunk.indexOf(LINE_FEED, from);
    if (feed < 0) break;
    ends.push(feed + 1);
  }
  return ends;
}
