import { ROOM_BEFORE_LINES } from '../../platform/spill/segment-reader.js';
import type { LineBatch } from '../../platform/spill/segment-reader.js';

/** Comes first in PostgreSQL's binary form of jsonb; the JSON text comes behind it. */
const JSONB_VERSION = 1;
const OPEN = 0x5b;
const COMMA = 0x2c;
const CLOSE = 0x5d;
/** The version and the bracket. */
const LEAD_BYTES = 2;

type Lines = Pick<LineBatch, 'bytes' | 'ends'>;

/**
 * The lines `from` to `to` (without) of a batch as an array in PostgreSQL's binary form of jsonb. All of them are
 * changed where they stand, so that nothing is copied: commas take the place of the line feeds.
 */
export function jsonbOf(batch: Lines, from: number, to: number): Buffer {
  if (from === 0 && to === batch.ends.length) return arrayIn(batch.bytes, batch.ends);
  const start = startOf(batch, from);
  const shift = ROOM_BEFORE_LINES - start;
  const ends = batch.ends.slice(from, to).map((end) => end + shift);
  const bytes = Buffer.allocUnsafe(ends.at(-1) ?? ROOM_BEFORE_LINES);
  batch.bytes.copy(bytes, ROOM_BEFORE_LINES, start, batch.ends[to - 1]);
  return arrayIn(bytes, ends);
}

/** The text of one line, without what ends it. */
export function lineOfBatch(batch: Lines, number: number): Buffer {
  return batch.bytes.subarray(startOf(batch, number), (batch.ends[number] ?? 0) - 1);
}

/** One line, without what ends it, as an array in PostgreSQL's binary form of jsonb. */
export function jsonbOfLine(line: Buffer): Buffer {
  return Buffer.concat([Buffer.of(JSONB_VERSION, OPEN), line, Buffer.of(CLOSE)]);
}

function startOf({ ends }: Lines, number: number): number {
  return ends[number - 1] ?? ROOM_BEFORE_LINES;
}

function arrayIn(bytes: Buffer, ends: readonly number[]): Buffer {
  const start = ROOM_BEFORE_LINES - LEAD_BYTES;
  bytes[start] = JSONB_VERSION;
  bytes[start + 1] = OPEN;
  for (const end of ends) bytes[end - 1] = COMMA;
  bytes[bytes.length - 1] = CLOSE;
  return bytes.subarray(start);
}
