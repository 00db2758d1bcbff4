/** Lints docs/openapi.json (or the file named) by the rules of scripts/openapi/ruleset.ts; any finding fails. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findingsOf } from './openapi/lint.js';

const file = process.argv[2] ?? join(import.meta.dirname, '..', 'docs', 'openapi.json');
const findings = await findingsOf(readFileSync(file, 'utf8'));
for (const { rule, place, message } of findings) process.stderr.write(`${rule} at ${place}: ${message}\n`);
process.stdout.write(`${file}: ${findings.length === 0 ? 'no finding' : `${findings.length} findings`}.\n`);
process.exitCode = findings.length === 0 ? 0 : 1;
