import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRestgate } from '../../src/app.js';
import type { Restgate } from '../../src/app.js';
import type { Config } from '../../src/platform/config/config.js';
import { readConfig } from '../../src/platform/config/read-config.js';
import { createLogger } from '../../src/platform/logging/logger.js';
import { AdminClient } from './admin-client.js';
import { createTestDatabase } from './database.js';
import type { TestDatabase } from './database.js';

export const TEST_ADMIN_TOKEN = 'admin-token-for-tests-only';

export interface TestRestgate {
  readonly restgate: Restgate;
  readonly config: Config;
  readonly url: string;
  readonly port: number;
  readonly databaseUrl: string;
  readonly admin: AdminClient;
  stop(): Promise<void>;
}

export interface TestRestgateOptions {
  readonly env?: Record<string, string>;
  /** Another database than a fresh one of its own; it is not dropped then. */
  readonly databaseUrl?: string;
  /** A port that others have to know beforehand, such as a browser that is sent back; a free one when absent. */
  readonly port?: number;
}

/** The whole product in this process, on loopback ports of its own and a database of its own. */
export async function startTestRestgate(options: TestRestgateOptions = {}): Promise<TestRestgate> {
  const own = options.databaseUrl === undefined ? await createTestDatabase() : undefined;
  const databaseUrl = options.databaseUrl ?? (own as TestDatabase).url;
  const dataDir = mkdtempSync(join(tmpdir(), 'restgate-test-'));
  const config = readConfig(
    { installDir: process.cwd(), writeGenerated: true },
    {
      PORT: '0',
      DATABASE_URL: databaseUrl,
      ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
      ADMIN_TOKEN: TEST_ADMIN_TOKEN,
      DATA_DIR: dataDir,
      LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
      LOG_FORMAT: 'json',
      SHUTDOWN_GRACE_SECONDS: '2',
      ...options.env,
    },
  );
  const restgate = await createRestgate(config, databaseUrl, createLogger(config));
  const port = await listen(restgate.dataServer, options.port);
  if (restgate.controlServer) await listen(restgate.controlServer);
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    await restgate.close();
    await own?.drop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  const control = restgate.controlServer ? `http://127.0.0.1:${portOf(restgate.controlServer)}` : url;
  return {
    restgate,
    config,
    url,
    port,
    databaseUrl,
    admin: new AdminClient(control, TEST_ADMIN_TOKEN),
    stop,
  };
}

function listen(server: Server, port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(portOf(server)));
  });
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
