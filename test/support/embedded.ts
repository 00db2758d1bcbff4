import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { markerOf } from '../../src/platform/database/embedded/leftovers.js';
import { findProcesses, type ProcessEntry } from '../../src/platform/database/embedded/processes.js';
import { withAdmin } from './test-server.js';

export const installDir = resolve(__dirname, '../..');

/** A temporary folder that everybody may enter; also removed when the test fails. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'restgate-embedded-'));
  chmodSync(path, 0o755);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

interface RunnerEvent {
  event: 'started' | 'failed' | 'exit';
  url?: string;
  message?: string;
}

export interface Runner {
  dataDir: string;
  child: ChildProcess;
  first: RunnerEvent;
  /** Ends it without a chance to clean up. PostgreSQL goes a little later: see `untilGone`. */
  kill(): Promise<void>;
}

export interface RunnerOptions {
  uid?: number | undefined;
  installFrom?: string;
  temporaryDir?: string;
}

/** Runs the launcher in a process of its own, as a gateway would, and waits for its first word. */
export async function startRunner(dataDir: string, options: RunnerOptions = {}): Promise<Runner> {
  const { uid, installFrom = installDir, temporaryDir = tmpdir() } = options;
  const script = join(installDir, 'test/support/embedded-runner.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, dataDir, installFrom], {
    cwd: installDir,
    env: { PATH: process.env['PATH'], TMPDIR: temporaryDir, ADMIN_TOKEN: 'not-for-postgres' },
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([
    once(lines, 'line'),
    ended.then(() => Promise.reject(new Error('The runner ended without a word'))),
  ])) as [string];
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return { dataDir, child, first: JSON.parse(line) as RunnerEvent, kill };
}

/** All processes of the cluster in `dataDir`: the supervisor and PostgreSQL's own. */
export async function clusterProcesses(dataDir: string): Promise<ProcessEntry[]> {
  if (!existsSync(join(dataDir, 'postgres'))) return [];
  return findProcesses(await markerOf(join(dataDir, 'postgres')));
}

export async function postmasterOf(dataDir: string): Promise<number> {
  const entry = (await clusterProcesses(dataDir)).find(
    ({ command }) => command.includes(' -D ') && !command.includes('postgres-supervisor'),
  );
  if (!entry) throw new Error('No postmaster');
  return entry.pid;
}

export async function until(condition: () => Promise<boolean>, limitMs = 25_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('It did not happen in time');
    await sleep(50);
  }
}

/** Waits until nothing of the cluster is left running. */
export function untilGone(dataDir: string): Promise<void> {
  return until(async () => (await clusterProcesses(dataDir)).length === 0);
}

export async function query<T extends object>(url: string, statement: string): Promise<T[]> {
  return withAdmin(url, async (client) => (await client.query<T>(statement)).rows);
}

export async function answers(url: string): Promise<boolean> {
  return query(url, 'SELECT 1').then(
    () => true,
    () => false,
  );
}

/** Kills what is left of the runners of a test, so that the next one finds the machine quiet. */
export async function endAll(runners: Runner[]): Promise<void> {
  const all = runners.splice(0);
  await Promise.all(all.map((runner) => runner.kill()));
  for (const { dataDir } of all) await untilGone(dataDir);
}
