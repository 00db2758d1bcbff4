import { DataSource, type DataSourceOptions, MigrationExecutor } from 'typeorm';
import { migrations } from './migrations.js';

export interface DatabaseOptions {
  url: string;
  poolSize?: number;
}

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

const connectTimeoutMs = 3_000;
const statementTimeoutMs = 30_000;
/** A little longer than the server's own limit: it only ends waits on a network that has gone silent. */
const answerTimeoutMs = 35_000;
const idleInTransactionTimeoutMs = 60_000;
const migrationLockTimeoutMs = 60_000;

/** Any fixed number will do, as long as nothing else in the database uses it. */
const migrationLock = 7_237_701_946;

/** How every connection of the product is made. `onIdleError` hears of connections lost while unused. */
export function postgresOptions(
  { url, poolSize = 10 }: DatabaseOptions,
  onIdleError: (error: Error) => void,
): PostgresOptions {
  return {
    type: 'postgres',
    url,
    poolSize,
    applicationName: 'restgate',
    connectTimeoutMS: connectTimeoutMs,
    synchronize: false,
    migrationsRun: false,
    migrations,
    logging: false,
    uuidExtension: 'pgcrypto',
    installExtensions: false,
    poolErrorHandler: onIdleError,
    extra: {
      statement_timeout: statementTimeoutMs,
      query_timeout: answerTimeoutMs,
      idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
      keepAlive: true,
    },
  };
}

/**
 * Brings the database up to date and resolves with the names of the migrations that ran now. One node
 * migrates at a time; the others wait up to 60 s. Throws when the wait is too long or a migration fails;
 * each migration is its own transaction, so a failed one leaves nothing behind.
 */
export async function runMigrations(dataSource: DataSource): Promise<string[]> {
  // A connection of its own: no time limit on statements, and closing it lets go of the lock in any case.
  const own = await new DataSource({
    ...(dataSource.options as PostgresOptions),
    entities: [],
    poolSize: 1,
    extra: { keepAlive: true, statement_timeout: 0 },
  }).initialize();
  try {
    return await migrateUnderLock(own);
  } finally {
    await own.destroy();
  }
}

async function migrateUnderLock(dataSource: DataSource): Promise<string[]> {
  const queryRunner = dataSource.createQueryRunner();
  try {
    await queryRunner.query(`SET lock_timeout = ${migrationLockTimeoutMs}`);
    await queryRunner.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    await queryRunner.query('SET lock_timeout = 0');
    const executor = new MigrationExecutor(dataSource, queryRunner);
    executor.transaction = 'each';
    const done = await executor.executePendingMigrations();
    await queryRunner.query('SELECT pg_advisory_unlock($1)', [migrationLock]);
    return done.map((migration) => migration.name);
  } finally {
    await queryRunner.release();
  }
}
