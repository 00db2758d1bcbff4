import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedDatabaseError } from './embedded.errors.js';
import { findProcesses, type ProcessEntry, signal } from './processes.js';

const pollMs = 50;
/** When we ask again, more firmly, and when we give up. */
const patience = { immediateMs: 10_000, killMs: 15_000, endMs: 20_000 };

/** What is found in the process list about one cluster. */
export type Finding =
  | { kind: 'free' }
  | { kind: 'in-use'; gatewayPid: number }
  /** Its supervisor is already stopping it. */
  | { kind: 'stopping'; servers: ProcessEntry[] }
  /** Nobody looks after it any more. */
  | { kind: 'orphaned'; servers: ProcessEntry[] };

/**
 * The text by which all processes of one cluster are known on this machine: PostgreSQL shows it in the
 * command line of each (cluster_name). Device and inode name the folder whatever path leads to it.
 */
export async function markerOf(folder: string): Promise<string> {
  const { dev, ino } = await stat(folder, { bigint: true });
  return `restgate-${dev}-${ino}`;
}

/** The supervisor's command line is `... postgres-supervisor.mjs <marker> <gateway pid> ...`. */
export function judge(processes: readonly ProcessEntry[], marker: string): Finding {
  const mine = processes.filter(({ command }) => command.split(/[\s:=]+/).includes(marker));
  const supervisor = mine.find(({ command }) => command.includes('postgres-supervisor.mjs'));
  const servers = mine.filter(({ command }) => !command.includes('postgres-supervisor.mjs'));
  if (supervisor) {
    const gatewayPid = Number(supervisor.command.split(`${marker} `)[1]?.split(' ')[0]);
    // An orphan is handed to another parent; the gateway's own death closes its pipe.
    if (supervisor.parent === gatewayPid) return { kind: 'in-use', gatewayPid };
    return { kind: 'stopping', servers };
  }
  return servers.length > 0 ? { kind: 'orphaned', servers } : { kind: 'free' };
}

/**
 * Makes sure that nothing uses the cluster: waits for a server that is being stopped, stops one that nobody
 * looks after any more, and removes a lock file that would only mislead PostgreSQL. Throws an
 * EmbeddedDatabaseError when another gateway is using it.
 */
export async function clearLeftovers(folder: string, log: (message: string) => void): Promise<void> {
  if ((await readPidFile(folder)) === undefined) return;
  const marker = await markerOf(folder);
  const began = Date.now();
  let firmness = 0;
  for (;;) {
    const finding = judge(await findProcesses(marker), marker);
    if (finding.kind === 'free') break;
    if (finding.kind === 'in-use') throw inUse(folder, finding.gatewayPid);
    const waited = Date.now() - began;
    if (waited > patience.endMs) throw stuck(folder, finding.servers);
    if (finding.kind === 'orphaned' && firmness === 0) {
      log(`Stopping a PostgreSQL that an earlier Restgate has left behind in ${folder}`);
      sendToPostmaster(finding.servers, 'SIGINT');
      firmness = 1;
    }
    if (waited > patience.immediateMs && firmness < 2) {
      sendToPostmaster(finding.servers, 'SIGQUIT');
      firmness = 2;
    }
    if (waited > patience.killMs) for (const { pid } of finding.servers) signal(pid, 'SIGKILL');
    await sleep(pollMs);
  }
  await removeStaleLock(folder);
}

function inUse(folder: string, gatewayPid: number): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    `The database in ${folder} is in use by another Restgate (process ${gatewayPid}). Two gateways cannot share ` +
      'one DATA_DIR: stop the other one, set another DATA_DIR, or give both the same DATABASE_URL.',
  );
}

function stuck(folder: string, servers: readonly ProcessEntry[]): EmbeddedDatabaseError {
  const pids = servers.map(({ pid }) => pid).join(', ');
  return new EmbeddedDatabaseError(`PostgreSQL in ${folder} does not stop (processes ${pids}).`);
}

/** The postmaster is the one that none of the others is the parent of. */
function sendToPostmaster(servers: readonly ProcessEntry[], name: NodeJS.Signals): void {
  const pids = new Set(servers.map(({ pid }) => pid));
  for (const { pid } of servers.filter(({ parent }) => !pids.has(parent))) signal(pid, name);
}

/**
 * PostgreSQL itself copes with a lock file whose process is gone. One whose number now belongs to a zombie or
 * to something else makes it refuse; no process of the cluster is left at this point, so the file may go.
 */
async function removeStaleLock(folder: string): Promise<void> {
  const pid = await readPidFile(folder);
  if (pid !== undefined && isTaken(pid)) await rm(join(folder, 'postmaster.pid'), { force: true });
}

function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** The number in postmaster.pid; 0 for a file without one, undefined without a file. */
export async function readPidFile(folder: string): Promise<number | undefined> {
  try {
    return parsePid(await readFile(join(folder, 'postmaster.pid'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A stand-alone backend writes its number negated. */
export function parsePid(text: string): number {
  const pid = Math.abs(Number.parseInt(text, 10));
  return Number.isSafeInteger(pid) ? pid : 0;
}
