import { basename, join } from 'node:path';

/**
 * One append-only file of lines. Names sort in the order of writing: `{epoch ms}-{writer}-{number}@{offset}.ndjson`,
 * where `offset` says how much of it was already delivered when another process took it over.
 */
export interface Segment {
  readonly path: string;
  readonly name: string;
  /** Bytes of whole lines that are in the file. */
  size: number;
  /** Bytes that were delivered. */
  offset: number;
  /** False while lines are still appended. */
  closed: boolean;
}

const NAME = /^\d{14}-[0-9a-z]+-\d{8}@(\d+)\.ndjson$/;

export function newSegment(folder: string, time: number, writer: string, number: number): Segment {
  const name = `${String(time).padStart(14, '0')}-${writer}-${String(number).padStart(8, '0')}@0.ndjson`;
  return { path: join(folder, name), name, size: 0, offset: 0, closed: false };
}

/** A closed segment that was found on disk; undefined when the file is none. */
export function foundSegment(path: string, size: number): Segment | undefined {
  const name = basename(path);
  const match = NAME.exec(name);
  return match ? { path, name, size, offset: Math.min(Number(match[1]), size), closed: true } : undefined;
}

/** The name that carries a new offset. */
export function nameWithOffset(name: string, offset: number): string {
  return name.replace(/@\d+\.ndjson$/, `@${offset}.ndjson`);
}
