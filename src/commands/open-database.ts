import { DataSource } from 'typeorm';
import type { Config } from '../platform/config/config.js';
import { postgresOptions } from '../platform/database/data-source.js';
import { startEmbeddedPostgres } from '../platform/database/embedded/embedded-postgres.js';
import { runningDatabaseUrl } from '../platform/database/embedded/running.js';

/**
 * Gives `work` a connection to the product's database. The embedded database of a gateway that runs is used as
 * it is; otherwise it is started for the while.
 */
export async function withDatabase<T>(
  config: Config,
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  const database = await locate(config);
  try {
    const options = postgresOptions({ url: database.url, poolSize: 2 }, () => undefined);
    const dataSource = await new DataSource(options).initialize();
    try {
      return await work(dataSource);
    } finally {
      await dataSource.destroy();
    }
  } finally {
    await database.close();
  }
}

async function locate(config: Config): Promise<{ url: string; close(): Promise<void> }> {
  const url = config.databaseUrl ?? (await runningDatabaseUrl(config.dataDir));
  if (url !== undefined) return { url, close: () => Promise.resolve() };
  const { dataDir, installDir } = config;
  const embedded = await startEmbeddedPostgres({ dataDir, installDir, log: () => undefined });
  return { url: embedded.url, close: () => embedded.stop() };
}
