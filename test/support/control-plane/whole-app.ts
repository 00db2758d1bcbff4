import { chmodSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createRestgate } from '../../../src/app.js';
import type { Restgate } from '../../../src/app.js';
import type { Config } from '../../../src/platform/config/config.js';
import type { TestDatabase } from '../database.js';
import { createTestDatabase } from '../database.js';
import { ADMIN_TOKEN } from './control-app.js';

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
  readonly text: string;
  readonly headers: Record<string, unknown>;
}

/** The whole product on a database of its own, called as the bootstrap admin without a listener. */
export interface WholeApp {
  readonly restgate: Restgate;
  readonly database: TestDatabase;
  call<T>(
    method: 'GET' | 'PUT' | 'POST' | 'PATCH',
    path: string,
    body?: unknown,
    headers?: object,
  ): Promise<Answer<T>>;
  close(): Promise<void>;
}

export async function startWholeApp(changes: Partial<Config> = {}): Promise<WholeApp> {
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'restgate-whole-'));
  chmodSync(dataDir, 0o755);
  const close = async (): Promise<void> => {
    await database.drop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const config = { ...configFor(dataDir), ...changes };
    const restgate = await createRestgate(config, database.url, pino({ level: 'silent' }));
    return {
      restgate,
      database,
      call: (method, path, body, headers) => call(restgate, method, path, body, headers),
      close: () => restgate.close().then(close),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function configFor(dataDir: string): Config {
  return {
    installDir: process.cwd(),
    version: '0.0.0-test',
    host: '127.0.0.1',
    port: 0,
    controlHost: '127.0.0.1',
    controlPort: undefined,
    publicUrl: 'http://localhost:8080',
    databaseUrl: undefined,
    dataDir,
    redisUrl: undefined,
    encryptionKeys: [Buffer.alloc(32, 5)],
    adminToken: ADMIN_TOKEN,
    adminTokenGenerated: false,
    configurationFile: undefined,
    bootstrapApplications: {},
    logLevel: 'silent',
    logFormat: 'json',
    metricsPublic: false,
    providerAllowedHosts: [],
    shutdownGraceSeconds: 1,
    tracing: undefined,
    encryptionKeyGenerated: false,
  };
}

async function call<T>(
  { app }: Restgate,
  method: 'GET' | 'PUT' | 'POST' | 'PATCH',
  path: string,
  body: unknown,
  headers: object = {},
): Promise<Answer<T>> {
  const answer = await app.inject({
    method,
    url: `/restgate/api/v1${path}`,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...headers },
    ...(body === undefined ? {} : { payload: body as object }),
  });
  const isJson = String(answer.headers['content-type']).includes('json');
  const parsed = (isJson && answer.body !== '' ? JSON.parse(answer.body) : undefined) as T;
  return { status: answer.statusCode, body: parsed, text: answer.body, headers: answer.headers };
}
