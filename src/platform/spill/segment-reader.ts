import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Segment } from './segment.js';

const READ_BYTES = 512 * 1024;
const LARGEST_LINE_BYTES = 8 * 1024 * 1024;
const LINE_FEED = 0x0a;

export interface LineBatch {
  readonly lines: readonly string[];
  readonly torn: number;
  /** Offset behind the last line of the batch. */
  readonly end: number;
}

/** Reads whole lines from the segment's offset on. Bytes behind the last line feed of a closed segment are torn. */
export async function readLines(file: FileHandle, segment: Segment, mostLines: number): Promise<LineBatch> {
  const left = segment.size - segment.offset;
  for (let wanted = Math.min(READ_BYTES, left); ; wanted = Math.min(wanted * 2, left)) {
    const chunk = await readChunk(file, segment.offset, wanted);
    const end = endOfLines(chunk, mostLines);
    if (end > 0) {
      const lines = chunk.toString('utf8', 0, end - 1).split('\n');
      return { lines: lines.filter((line) => line.length > 0), torn: 0, end: segment.offset + end };
    }
    if (wanted >= left || wanted >= LARGEST_LINE_BYTES) {
      return { lines: [], torn: 1, end: segment.offset + chunk.length };
    }
  }
}

/** How many lines of the segment were not delivered. */
export async function countLines(segment: Segment): Promise<number> {
  const file = await open(segment.path, 'r');
  try {
    let lines = 0;
    for (let at = segment.offset; at < segment.size;) {
      const chunk = await readChunk(file, at, Math.min(READ_BYTES, segment.size - at));
      for (let i = chunk.indexOf(LINE_FEED); i >= 0; i = chunk.indexOf(LINE_FEED, i + 1)) lines += 1;
      at += chunk.length;
    }
    return lines;
  } finally {
    await file.close();
  }
}

async function readChunk(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(buffer, 0, length, offset);
  if (bytesRead === 0) throw new Error('A spill file is shorter than it was.');
  return buffer.subarray(0, bytesRead);
}

function endOfLines(chunk: Buffer, mostLines: number): number {
  let end = 0;
  for (let count = 0; count < mostLines; count++) {
    const feed = chunk.indexOf(LINE_FEED, end);
    if (feed < 0) break;
    end = feed + 1;
  }
  return end;
}
