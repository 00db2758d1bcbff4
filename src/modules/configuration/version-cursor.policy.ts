import { invalidField } from '../../platform/http/problem.js';
import type { VersionPosition } from './setting-versions.repository.js';

const INSTANT = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d{1,6})?[+-]\d{2}(?::?\d{2})?$/;
const LARGEST_VERSION = 2_147_483_647;

/** The cursor of the page after this version. */
export function cursorOf({ exactAt, key, version }: VersionPosition): string {
  return Buffer.from(JSON.stringify([exactAt, key, version])).toString('base64url');
}

/** Throws 400 for what is no cursor of ours. */
export function positionOf(cursor: string | undefined): VersionPosition | undefined {
  if (cursor === undefined) return undefined;
  const [exactAt, key, version] = partsOf(cursor);
  const valid = typeof exactAt === 'string' && INSTANT.test(exactAt) && typeof key === 'string';
  if (!valid || !isVersion(version)) throw invalidField('cursor', 'is not the nextCursor of a page before');
  return { exactAt, key, version };
}

/** True for a number that a version can have. */
export function isVersion(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= LARGEST_VERSION;
}

function partsOf(cursor: string): unknown[] {
  try {
    const parts = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown;
    return Array.isArray(parts) ? parts : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
