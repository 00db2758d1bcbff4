import type { BreakingChange } from './breaking-changes.js';

const BREAKING = /^\s*(?:[-*]\s+)?BREAKING: /;

/** The changes that no line beginning with `BREAKING: ` in the Unreleased part of the change log names by operationId. */
export function unannounced(changes: readonly BreakingChange[], changelog: string): BreakingChange[] {
  const announcements = unreleasedLines(changelog).filter((line) => BREAKING.test(line));
  const words = new Set(announcements.flatMap((line) => line.split(/[^A-Za-z0-9_]+/)));
  return changes.filter(({ operationId }) => !words.has(operationId));
}

function unreleasedLines(changelog: string): string[] {
  const lines = changelog.split('\n');
  const start = lines.findIndex((line) => /^## \[?Unreleased\b/i.test(line));
  if (start < 0) return [];
  const end = lines.findIndex((line, i) => i > start && line.startsWith('## '));
  return lines.slice(start + 1, end < 0 ? undefined : end);
}
