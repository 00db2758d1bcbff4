import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import type { Config } from '../platform/config/config.js';
import { ConfigurationError } from '../platform/config/read-config.js';
import { postgresOptions } from '../platform/database/data-source.js';
import { startEmbeddedPostgres } from '../platform/database/embedded/embedded-postgres.js';
import { runningDatabaseUrl } from '../platform/database/embedded/running.js';

const AS_THE_GATEWAY = 'Run the command with the environment of the gateway';

/**
 * Gives `work` a connection to the product's database. The embedded database of a gateway that runs is used as
 * it is; otherwise it is started for the while. Throws `ConfigurationError` where there is no database of Restgate:
 * a command must not make one because a variable was forgotten.
 */
export async function withDatabase<T>(
  config: Config,
  work: (dataSource: DataSource) => Promise<T>,
  { timeLimits = true } = {},
): Promise<T> {
  const database = await locate(config);
  try {
    const options = postgresOptions({ url: database.url, poolSize: 2 }, () => undefined);
    const extra = timeLimits ? {} : { extra: { keepAlive: true, statement_timeout: 0 } };
    const dataSource = await new DataSource({ ...options, ...extra }).initialize();
    try {
      await refuseForeign(dataSource);
      return await work(dataSource);
    } finally {
      await dataSource.destroy();
    }
  } finally {
    await database.close();
  }
}

/**
 * Throws `ConfigurationError` when the encryption key is not the gateway's but was made up for this process:
 * what a command seals with it nobody could open again.
 */
export function requireOwnKey({ encryptionKeyGenerated, dataDir }: Config): void {
  if (!encryptionKeyGenerated) return;
  throw new ConfigurationError([
    `ENCRYPTION_KEY is not set, and DATA_DIR (${dataDir}) holds no generated one. ${AS_THE_GATEWAY}.`,
  ]);
}

async function locate(config: Config): Promise<{ url: string; close(): Promise<void> }> {
  const url = config.databaseUrl ?? (await runningDatabaseUrl(config.dataDir));
  if (url !== undefined) return { url, close: () => Promise.resolve() };
  const { dataDir, installDir } = config;
  if (!existsSync(join(dataDir, 'postgres'))) {
    throw new ConfigurationError([
      `DATABASE_URL is not set, and DATA_DIR (${dataDir}) holds no database. ${AS_THE_GATEWAY}.`,
    ]);
  }
  const embedded = await startEmbeddedPostgres({ dataDir, installDir, log: () => undefined });
  return { url: embedded.url, close: () => embedded.stop() };
}

async function refuseForeign(dataSource: DataSource): Promise<void> {
  const [row] = await dataSource.query<{ present: boolean }[]>(
    `SELECT to_regclass('settings') IS NOT NULL AS present`,
  );
  if (row?.present) return;
  throw new ConfigurationError([
    `The database holds no tables of Restgate. ${AS_THE_GATEWAY}; a new gateway makes its tables when it starts.`,
  ]);
}
