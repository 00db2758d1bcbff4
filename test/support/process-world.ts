import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdminClient } from './admin-client.js';
import type { AtlassianStandIn } from './atlassian/server.js';
import { startCutter } from './audit/cutter.js';
import type { Cutter } from './audit/cutter.js';
import { createTestDatabase } from './database.js';
import type { TestDatabase } from './database.js';
import { startOidcProvider } from './oidc/provider.js';
import type { OidcTestProvider } from './oidc/provider.js';
import { RestgateProcess } from './restgate-process.js';
import { connectProduct, connectProvider } from './world.js';

export const PROCESS_ADMIN_TOKEN = 'admin-token-of-the-process-tests';

/** The built product as processes, before a stand-in and a provider, behind a database that can be cut off. */
export class ProcessWorld {
  readonly processes: RestgateProcess[] = [];
  private readonly folders: string[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly cutter: Cutter,
    readonly provider: OidcTestProvider,
    readonly first: RestgateProcess,
    readonly jira: AtlassianStandIn,
  ) {}

  /** One process, configured through its admin API; opaque tokens are introspected. */
  static async start(): Promise<ProcessWorld> {
    const database = await createTestDatabase();
    const cutter = await startCutter(database.url);
    const provider = await startOidcProvider();
    const folder = mkdtempSync(join(tmpdir(), 'restgate-process-'));
    const first = await RestgateProcess.start(environment(cutter.url, folder));
    const admin = adminOf(first);
    const jira = await connectProduct({ admin }, 'jira', 'header');
    await connectProvider({ admin }, provider, 'introspection');
    const world = new ProcessWorld(database, cutter, provider, first, jira);
    world.processes.push(first);
    world.folders.push(folder);
    return world;
  }

  /** Another process on the same database. */
  async another(more: Record<string, string> = {}): Promise<RestgateProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'restgate-process-'));
    this.folders.push(folder);
    const started = await RestgateProcess.start({ ...environment(this.cutter.url, folder), ...more });
    this.processes.push(started);
    return started;
  }

  /** Everything that every process wrote to stdout and stderr. */
  get output(): string {
    return this.processes.map((each) => each.output).join('\n');
  }

  async stop(): Promise<void> {
    this.cutter.mend();
    await Promise.all(this.processes.map((each) => each.stop('SIGKILL')));
    await Promise.all([this.jira.close(), this.provider.close(), this.cutter.close()]);
    await this.database.drop();
    for (const folder of this.folders) rmSync(folder, { recursive: true, force: true });
  }
}

export function adminOf(restgate: RestgateProcess): AdminClient {
  return new AdminClient(restgate.controlUrl, PROCESS_ADMIN_TOKEN);
}

export function environment(databaseUrl: string, dataDir: string): Record<string, string> {
  return {
    PORT: '0',
    DATABASE_URL: databaseUrl,
    DATA_DIR: dataDir,
    ENCRYPTION_KEY: Buffer.alloc(32, 9).toString('base64'),
    ADMIN_TOKEN: PROCESS_ADMIN_TOKEN,
    LOG_LEVEL: 'debug',
    LOG_FORMAT: 'json',
  };
}
