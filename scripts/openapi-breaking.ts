/**
 * Compares docs/openapi.json with docs/openapi.released.json, the API of the last release. A change that breaks
 * programs fails unless a line of CHANGELOG.md under Unreleased begins with `BREAKING: ` and names the operation.
 * `--release` makes the present document the released one: part of making a release.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { breakingChanges } from './openapi/breaking-changes.js';
import type { Api } from './openapi/breaking-changes.js';
import { unannounced } from './openapi/changelog.js';

const ROOT = join(import.meta.dirname, '..');
const CURRENT = join(ROOT, 'docs', 'openapi.json');
const RELEASED = join(ROOT, 'docs', 'openapi.released.json');
/** Words, not the contract. */
const WORDS = new Set(['description', 'summary', 'example', 'examples', 'title']);

/** The contract without its words: smaller, and a better comment is no change. A field may have such a name. */
function contractOf(value: unknown, inProperties = false): unknown {
  if (Array.isArray(value)) return value.map((item) => contractOf(item));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => inProperties || !WORDS.has(key));
  return Object.fromEntries(kept.map(([key, item]) => [key, contractOf(item, key === 'properties')]));
}

function read(path: string): Api {
  return JSON.parse(readFileSync(path, 'utf8')) as Api;
}

function check(): number {
  if (!existsSync(RELEASED)) {
    process.stderr.write(
      'docs/openapi.released.json is missing; npm run openapi:breaking -- --release writes it.\n',
    );
    return 1;
  }
  const changes = breakingChanges(read(RELEASED), read(CURRENT));
  const open = unannounced(changes, readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8'));
  for (const { operationId, what } of open) process.stderr.write(`${operationId}: ${what}\n`);
  process.stdout.write(
    `The API against the released one: ${changes.length} breaking changes, ${open.length} not in the change log.\n`,
  );
  if (open.length === 0) return 0;
  process.stderr.write(
    'Undo them, or add a line "BREAKING: <operationId> ..." to CHANGELOG.md under Unreleased.\n',
  );
  return 1;
}

if (process.argv.includes('--release')) {
  writeFileSync(RELEASED, `${JSON.stringify(contractOf(read(CURRENT)), undefined, 1)}\n`);
  process.stdout.write('docs/openapi.released.json is written.\n');
} else {
  process.exitCode = check();
}
