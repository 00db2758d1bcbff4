import { isDeepStrictEqual } from 'node:util';
import type { ChangeDescription } from '../../platform/change-feed/change-feed.port.js';

export interface ConfigurationChange {
  /** What is changed: `global-settings.adminGroups`, or `applications/jira` when all of it is. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Fields that change by themselves and say nothing to a reader. */
const NOISE: ReadonlySet<string> = new Set(['updatedAt', 'createdAt', 'version']);

/** A readable list of what changes do: one entry for each field, or one for an item that comes or goes. */
export function configurationChanges(changes: readonly ChangeDescription[]): ConfigurationChange[] {
  return changes.flatMap(({ target, before, after }) => differences(target, before, after));
}

/** What is different between two values, field by field. */
export function differences(path: string, before: unknown, after: unknown): ConfigurationChange[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isRecord(before) || !isRecord(after)) return [{ path, before: before ?? null, after: after ?? null }];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => !NOISE.has(name),
  );
  return names.sort().flatMap((name) => differences(`${path}.${name}`, before[name], after[name]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
