import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

const OWNER_FILE = 'owner.json';
/** How long a folder of another host may show no sign of life before it counts as left behind. */
const STALE_MS = 60_000;

interface Owner {
  readonly host: string;
  readonly pid: number;
  /** When the process began, in the system's own count: tells it from a later one with the same pid. */
  readonly began: string;
}

/** Says in `folder` that this process writes there. */
export async function claimFolder(folder: string): Promise<void> {
  const began = (await beginOf(process.pid)) ?? '';
  const owner: Owner = { host: hostname(), pid: process.pid, began };
  await writeFile(join(folder, OWNER_FILE), JSON.stringify(owner), { mode: 0o600 });
}

/** Leaves the folder to whoever comes next. */
export async function releaseFolder(folder: string): Promise<void> {
  await rm(join(folder, OWNER_FILE), { force: true });
}

/** A sign of life for hosts that cannot see this process. */
export async function renewClaim(folder: string): Promise<void> {
  const now = new Date();
  await utimes(join(folder, OWNER_FILE), now, now);
}

/**
 * True when the process that wrote to `folder` is gone. On the same host by its pid and its begin (a restarted
 * container has the same pid again), on another host by the age of the last sign of life.
 */
export async function isLeftBehind(folder: string): Promise<boolean> {
  const path = join(folder, OWNER_FILE);
  const owner = await readOwner(path);
  if (!owner) return true;
  if (owner.host === hostname()) return (await beginOf(owner.pid)) !== owner.began;
  const { mtimeMs } = await stat(path);
  return Date.now() - mtimeMs > STALE_MS;
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const { host, pid, began } = JSON.parse(await readFile(path, 'utf8')) as Partial<Owner>;
    return typeof host === 'string' && typeof pid === 'number' && typeof began === 'string'
      ? { host, pid, began }
      : undefined;
  } catch (error) {
    // Missing or torn: the process died while it made the folder.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** When a process began; undefined when it is gone, or dead and only not yet taken off the list. */
async function beginOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return isAlive(pid) ? '' : undefined;
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name, field 2, is in parentheses and may hold anything; field 3 is the state, field 22 the begin.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
