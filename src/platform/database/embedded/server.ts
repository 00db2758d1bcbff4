import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { type Cluster, superuser } from './cluster.js';
import { EmbeddedDatabaseError } from './embedded.errors.js';
import { markerOf } from './leftovers.js';
import { ownerFileOf, thisMachine } from './owner-file.js';
import { type Log, ServerLog } from './server-log.js';
import { pause } from './pause.js';

export const databaseName = 'restgate';

const host = '127.0.0.1';
const pollMs = 15;
/** Recovery after a crash may take a while; the server says that it is starting, and we wait. */
const startTimeoutMs = 300_000;
const stopTimeoutMs = 30_000;

const settings: Record<string, string> = {
  listen_addresses: host,
  unix_socket_directories: '',
  max_connections: '50',
  shared_buffers: '64MB',
  max_wal_size: '256MB',
  min_wal_size: '32MB',
  max_parallel_workers_per_gather: '0',
  fsync: 'on',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_destination: 'stderr',
  logging_collector: 'off',
  log_line_prefix: '',
  log_checkpoints: 'off',
  log_min_messages: 'warning',
  // A failed statement is the caller's to report, and its text may hold a secret.
  log_min_error_statement: 'panic',
};

export interface ServerPlan {
  cluster: Cluster;
  postgres: string;
  installDir: string;
  port: number;
  settings: Record<string, string>;
  log: Log;
}

/** One run of PostgreSQL under its supervisor. */
export class Server {
  readonly url: string;
  private constructor(
    private readonly child: ChildProcess,
    private readonly plan: ServerPlan,
    readonly exited: Promise<void>,
  ) {
    this.url = urlOf(plan, databaseName);
  }

  /** Starts PostgreSQL on the given port and resolves when it answers. Throws an EmbeddedDatabaseError. */
  static async start(plan: ServerPlan): Promise<Server> {
    const { cluster } = plan;
    const child = spawn(process.execPath, await commandLine(plan), {
      cwd: cluster.folder,
      // Own process group: Ctrl-C is for the gateway, which stops PostgreSQL when it has finished.
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
      // Nothing of our environment (it holds secrets) and a language in which we can read the messages.
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' },
    });
    const output = new ServerLog(plan.log);
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => output.add(chunk));
    // A broken pipe only says what `exit` says too.
    child.stdin?.on('error', () => undefined);
    const exited = once(child, 'close').then(() => undefined);
    const server = new Server(child, plan, exited);
    try {
      await server.waitUntilReady(output);
    } catch (error) {
      await server.stop();
      throw error;
    }
    output.ready();
    server.unref();
    return server;
  }

  /** Fast shutdown (running transactions are rolled back); resolves when no process is left. */
  async stop(): Promise<void> {
    if (this.isOver()) return;
    this.child.ref();
    this.child.stdin?.end();
    const timeout = new AbortController();
    await Promise.race([this.exited, this.killAfter(stopTimeoutMs, timeout.signal)]);
    timeout.abort();
  }

  /** The gateway's life must not hang on this: when it ends, the supervisor's pipe closes. */
  private unref(): void {
    this.child.unref();
    for (const stream of [this.child.stdin, this.child.stderr]) {
      (stream as unknown as { unref?: () => void } | null)?.unref?.();
    }
  }

  private async killAfter(delayMs: number, abort: AbortSignal): Promise<void> {
    await pause(delayMs, abort, true);
    if (abort.aborted) return;
    this.child.kill('SIGKILL');
    this.plan.log('error', 'PostgreSQL did not stop in time');
  }

  private isOver(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  private async waitUntilReady(output: ServerLog): Promise<void> {
    const deadline = Date.now() + startTimeoutMs;
    while (Date.now() < deadline) {
      if (this.isOver()) {
        await this.exited;
        throw new ServerExitedError(
          output.reason(),
          output.includes('could not bind') || output.includes('lock file'),
        );
      }
      if (await this.answers()) return;
      await sleep(pollMs);
    }
    throw new EmbeddedDatabaseError('The embedded database did not start in time');
  }

  private async answers(): Promise<boolean> {
    try {
      await visit(this.url);
      return true;
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code === '3D000') return this.createDatabase();
      if (code === '28P01') throw wrongPassword(error);
      return false;
    }
  }

  private async createDatabase(): Promise<boolean> {
    await visit(urlOf(this.plan, 'postgres'), `CREATE DATABASE ${databaseName}`);
    return true;
  }
}

/** PostgreSQL ended instead of starting. */
export class ServerExitedError extends EmbeddedDatabaseError {
  constructor(
    reason: string,
    readonly worthRetrying: boolean,
  ) {
    super(`The embedded database did not start: ${reason}`);
  }
}

function wrongPassword(cause: unknown): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    'The embedded database refuses its password: the file postgres.password does not belong to this database.',
    { cause },
  );
}

function urlOf({ cluster, port }: ServerPlan, database: string): string {
  return `postgres://${superuser}:${cluster.password}@${host}:${port}/${database}`;
}

async function visit(url: string, statement?: string): Promise<void> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 3_000,
    application_name: 'restgate',
  });
  // Errors reach us through the rejected promises; without a listener they would also end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    if (statement) await client.query(statement);
  } finally {
    await client.end();
  }
}

async function commandLine({
  cluster,
  postgres,
  installDir,
  port,
  settings: extra,
}: ServerPlan): Promise<string[]> {
  const marker = await markerOf(cluster.folder);
  const all = { ...settings, cluster_name: marker, port: String(port), ...extra };
  return [
    join(installDir, 'scripts', 'postgres-supervisor.mjs'),
    marker,
    String(process.pid),
    await thisMachine(),
    ownerFileOf(cluster.folder),
    String(cluster.user?.uid ?? '-'),
    String(cluster.user?.gid ?? '-'),
    postgres,
    '-D',
    cluster.argument,
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/** A port of this machine that is free right now; somebody else may still be quicker. */
export async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, host);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new EmbeddedDatabaseError('No free port');
  return address.port;
}
