import { readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

const OWNER_FILE = 'owner.json';
/** How long a folder of another host may show no sign of life before it counts as left behind. */
const STALE_MS = 60_000;

/** Says in `folder` that this process writes there. */
export async function claimFolder(folder: string): Promise<void> {
  await writeFile(join(folder, OWNER_FILE), JSON.stringify({ host: hostname(), pid: process.pid }), {
    mode: 0o600,
  });
}

/** A sign of life for hosts that cannot see this process. */
export async function renewClaim(folder: string): Promise<void> {
  const now = new Date();
  await utimes(join(folder, OWNER_FILE), now, now);
}

/**
 * True when the process that wrote to `folder` is gone. On the same host by its pid (our own pid means an earlier
 * life, as in a restarted container), on another host by the age of the last sign of life.
 */
export async function isLeftBehind(folder: string): Promise<boolean> {
  const path = join(folder, OWNER_FILE);
  const owner = await readOwner(path);
  if (!owner) return true;
  if (owner.host === hostname()) return owner.pid === process.pid || !isAlive(owner.pid);
  const { mtimeMs } = await stat(path);
  return Date.now() - mtimeMs > STALE_MS;
}

async function readOwner(path: string): Promise<{ host: string; pid: number } | undefined> {
  try {
    const owner = JSON.parse(await readFile(path, 'utf8')) as { host?: unknown; pid?: unknown };
    return typeof owner.host === 'string' && typeof owner.pid === 'number'
      ? { host: owner.host, pid: owner.pid }
      : undefined;
  } catch (error) {
    // Missing or torn: the process died while it made the folder.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
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
