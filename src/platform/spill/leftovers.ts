import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { foundSegment, nameWithOffset } from './segment.js';
import type { Segment } from './segment.js';
import { isLeftBehind } from './spill-owner.js';

export const POSITION_FILE = 'position.json';

export interface Position {
  readonly segment: string;
  readonly offset: number;
}

/**
 * Takes over the segments of processes that are gone: moves them into `own` and gives them in the order of
 * their writing. Folders of living processes are left alone.
 */
export async function adoptLeftovers(root: string, own: string): Promise<Segment[]> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  const segments: Segment[] = [];
  for (const entry of await readdir(root, { withFileTypes: true })) {
    const folder = join(root, entry.name);
    if (!entry.isDirectory() || folder === own || !(await isLeftBehind(folder))) continue;
    segments.push(...(await moveSegments(folder, own)));
    await rm(folder, { recursive: true, force: true });
  }
  return segments.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function moveSegments(from: string, to: string): Promise<Segment[]> {
  const position = await readPosition(from);
  const moved: Segment[] = [];
  for (const name of await readdir(from)) {
    const { size } = await stat(join(from, name));
    if (!foundSegment(join(from, name), size)) continue;
    const target = join(to, position?.segment === name ? nameWithOffset(name, position.offset) : name);
    await rename(join(from, name), target);
    const segment = foundSegment(target, size);
    if (segment) moved.push(segment);
  }
  return moved;
}

async function readPosition(folder: string): Promise<Position | undefined> {
  try {
    const value = JSON.parse(await readFile(join(folder, POSITION_FILE), 'utf8')) as Partial<Position>;
    return typeof value.segment === 'string' &&
      Number.isSafeInteger(value.offset) &&
      Number(value.offset) >= 0
      ? { segment: value.segment, offset: Number(value.offset) }
      : undefined;
  } catch (error) {
    // Without it the segment is delivered from its start; the receiver knows what it already has.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
