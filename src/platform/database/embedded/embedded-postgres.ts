import { mkdir } from 'node:fs/promises';
import { findBinaries } from './binaries.js';
import { chooseUser, prepareCluster } from './cluster.js';
import { clearLeftovers } from './leftovers.js';
import { refuseOtherMachine, thisMachine } from './owner-file.js';
import { findFreePort, Server, ServerExitedError, type ServerPlan } from './server.js';
import type { Log } from './server-log.js';
import { isRoot } from './system-user.js';
import { pause } from './pause.js';

export interface EmbeddedPostgresOptions {
  /** DATA_DIR: the cluster lives in `postgres` below it. */
  dataDir: string;
  /** The folder that holds node_modules and scripts. */
  installDir: string;
  log: Log;
  /** Server settings that differ from ours; tests do without fsync. */
  settings?: Record<string, string>;
}

export interface EmbeddedPostgres {
  /** Address with password. It stays the same until `stop`, also when PostgreSQL had to be started again. */
  url: string;
  stop(): Promise<void>;
  /** Called each time PostgreSQL has ended without being asked to; it is started again in any case. */
  onExit(listener: () => void): void;
}

const startAttempts = 3;
const restartDelayMs = { first: 100, longest: 5_000 };
const healthyAfterMs = 30_000;

/**
 * Starts the PostgreSQL that comes with the product. It ends with this process, however that ends, and is
 * started again on the same port when it ends by itself. Throws an EmbeddedDatabaseError with advice when
 * another gateway uses the directory or PostgreSQL cannot run here.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, installDir, log } = options;
  // Root has to let PostgreSQL's user pass; the files in it are closed one by one.
  await mkdir(dataDir, { recursive: true, mode: isRoot() ? 0o711 : 0o700 });
  const user = await chooseUser(dataDir);
  const binaries = await findBinaries({ installDir, dataDir, user });
  const cluster = await prepareCluster(dataDir, binaries, user);
  const plan = { cluster, postgres: binaries.postgres, installDir, settings: options.settings ?? {}, log };
  const { server, port } = await startOnFreePort(plan);
  return new Keeper(server, { ...plan, port });
}

async function startOnFreePort(plan: Omit<ServerPlan, 'port'>): Promise<{ server: Server; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await findFreePort();
    try {
      return { server: await startClean({ ...plan, port }), port };
    } catch (error) {
      if (!(error instanceof ServerExitedError) || !error.worthRetrying || attempt === startAttempts)
        throw error;
    }
  }
}

async function startClean(plan: ServerPlan): Promise<Server> {
  await refuseOtherMachine(plan.cluster.folder, await thisMachine());
  await clearLeftovers(plan.cluster.folder, (message) => plan.log('warn', message));
  return Server.start(plan);
}

/** Keeps one cluster running until it is told to stop. */
class Keeper implements EmbeddedPostgres {
  readonly url: string;
  private readonly listeners: (() => void)[] = [];
  private readonly stopping = new AbortController();
  private readonly ended: Promise<void>;

  constructor(
    private server: Server,
    private readonly plan: ServerPlan,
  ) {
    this.url = server.url;
    this.ended = this.keep();
  }

  onExit(listener: () => void): void {
    this.listeners.push(listener);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.server.stop();
    await this.ended;
  }

  private async keep(): Promise<void> {
    let delay = restartDelayMs.first;
    for (;;) {
      const began = Date.now();
      await this.server.exited;
      if (this.stopping.signal.aborted) return;
      this.plan.log('error', 'The embedded database has ended unexpectedly; starting it again');
      for (const listener of this.listeners) listener();
      if (Date.now() - began > healthyAfterMs) delay = restartDelayMs.first;
      while (!(await this.startAgain(delay))) {
        if (this.stopping.signal.aborted) return;
        delay = Math.min(delay * 2, restartDelayMs.longest);
      }
      delay = Math.min(delay * 2, restartDelayMs.longest);
    }
  }

  private async startAgain(delay: number): Promise<boolean> {
    // Not a reason to stay alive: a process that has nothing else to do may end.
    await pause(delay, this.stopping.signal, false);
    if (this.stopping.signal.aborted) return false;
    try {
      this.server = await startClean(this.plan);
    } catch (error) {
      this.plan.log('error', `The embedded database could not be started again: ${(error as Error).message}`);
      return false;
    }
    if (this.stopping.signal.aborted) await this.server.stop();
    this.plan.log('info', 'The embedded database is running again');
    return true;
  }
}
