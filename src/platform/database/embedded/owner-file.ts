import { readFile, readlink, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedDatabaseError } from './embedded.errors.js';

/** The supervisor gives a sign of life every 2 s; this long a silence means that it is dead. */
const silenceMs = 7_000;
/** So old that not even a wrong clock explains it. */
const longAgoMs = 600_000;
const pollMs = 250;

export interface OwnerFile {
  machine: string;
  changedMs: number;
}

/** Kept next to the cluster while PostgreSQL runs; rewritten every 2 s by its supervisor. */
export function ownerFileOf(folder: string): string {
  return join(folder, '..', 'postgres.owner');
}

/** Names the set of processes that we can see: two containers on one host differ. */
export async function thisMachine(): Promise<string> {
  const processes = process.platform === 'linux' ? await readlink('/proc/self/ns/pid') : '';
  return `${hostname()}${processes}`;
}

/**
 * A volume may be mounted in two containers that do not see each other's processes, and PostgreSQL's own lock
 * file does not protect against that. Resolves when no such other one gives signs of life (after up to 7 s);
 * throws an EmbeddedDatabaseError when one does.
 */
export async function refuseOtherMachine(folder: string, machine: string, waitMs = silenceMs): Promise<void> {
  const path = ownerFileOf(folder);
  const first = await read(path);
  if (!first || first.machine === machine || Date.now() - first.changedMs > longAgoMs) return;
  for (let waited = 0; waited < waitMs; waited += pollMs) {
    await sleep(pollMs);
    const now = await read(path);
    if (!now) return;
    if (now.changedMs !== first.changedMs) throw inUse(folder, now.machine);
  }
}

function inUse(folder: string, machine: string): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    `The database in ${folder} is in use by another Restgate on ${machine}. Two gateways cannot share one ` +
      'DATA_DIR: stop the other one, set another DATA_DIR, or give both the same DATABASE_URL.',
  );
}

async function read(path: string): Promise<OwnerFile | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    return { machine: text.split('\n')[0] ?? '', changedMs: mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
