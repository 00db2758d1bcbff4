import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { AuditSealsRepository } from './modules/audit/audit-seals.repository.js';
import { AuditVerify } from './modules/audit/audit-verify.service.js';
import type { VerifyReport } from './modules/audit/audit-verify.service.js';
import { ConfigurationError, readConfig } from './platform/config/read-config.js';
import type { Config } from './platform/config/config.js';
import { SecretBox } from './platform/crypto/secret-box.js';
import { isDatabaseDown } from './platform/database/database.errors.js';
import { postgresOptions } from './platform/database/data-source.js';
import { startEmbeddedPostgres } from './platform/database/embedded/embedded-postgres.js';
import { runningDatabaseUrl } from './platform/database/embedded/running.js';

/** sysexits.h: something was found in an unconfigured or misconfigured state. */
const EX_CONFIG = 78;
/** Nothing is known about the log. */
const EX_NOT_VERIFIED = 2;

class VerifyError extends Error {
  override readonly name = 'VerifyError';
}

/** `npm run audit:verify`: exit status 0 when the log is whole, 1 when it is not, 2 when that cannot be told. Changes nothing. */
async function main(): Promise<number> {
  const config = readConfig({ installDir: join(import.meta.dirname, '..', '..'), writeGenerated: false });
  const database = await openDatabase(config);
  const dataSource = new DataSource({
    ...postgresOptions({ url: database.url, poolSize: 2 }, () => undefined),
    // No time limits: sorting the events of a large day takes as long as it takes.
    extra: { keepAlive: true, statement_timeout: 0 },
  });
  try {
    await dataSource.initialize();
    await refuseOtherDatabases(dataSource);
    const seals = new AuditSealsRepository(dataSource, new SecretBox(config.encryptionKeys));
    return report(await new AuditVerify(dataSource, seals).verify(Date.now()));
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
    await database.close();
  }
}

/** The embedded database of a gateway that runs is used as it is; otherwise it is started for the while. */
async function openDatabase(config: Config): Promise<{ url: string; close(): Promise<void> }> {
  const url = config.databaseUrl ?? (await runningDatabaseUrl(config.dataDir));
  if (url !== undefined) return { url, close: () => Promise.resolve() };
  const { dataDir, installDir } = config;
  // Starting it would make one, and an empty log is always whole.
  if (!existsSync(join(dataDir, 'postgres', 'PG_VERSION')))
    throw new VerifyError(
      `There is no database in ${dataDir}. Set DATA_DIR or DATABASE_URL as for the gateway.`,
    );
  const embedded = await startEmbeddedPostgres({ dataDir, installDir, log: () => undefined });
  return { url: embedded.url, close: () => embedded.stop() };
}

async function refuseOtherDatabases(dataSource: DataSource): Promise<void> {
  const rows = await dataSource.query<{ found: boolean }[]>(
    "SELECT to_regclass('audit_seals') IS NOT NULL AS found",
  );
  if (rows[0]?.found !== true)
    throw new VerifyError('The database holds no audit log. Is DATABASE_URL that of the gateway?');
}

/** What went wrong, in words for who runs it. */
function messageOf(error: unknown): string {
  if (error instanceof VerifyError || error instanceof ConfigurationError) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  return isDatabaseDown(error)
    ? `The database cannot be reached: ${message}`
    : `The audit log cannot be verified: ${message}`;
}

function report({ days, chains, rows, faults }: VerifyReport): number {
  process.stdout.write(`Read ${rows} events in ${chains} chains of ${days} days.\n`);
  if (faults.length === 0) {
    process.stdout.write('Every event is as it was written, and none is missing.\n');
    return 0;
  }
  for (const { day, chain, seq, eventId, fault } of faults) {
    const place = [
      day,
      chain && `chain ${chain}`,
      seq !== undefined && `number ${seq}`,
      eventId && `event ${eventId}`,
    ];
    process.stdout.write(`${place.filter(Boolean).join(', ')}: ${fault}\n`);
  }
  return 1;
}

main().then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = error instanceof ConfigurationError ? EX_CONFIG : EX_NOT_VERIFIED;
  },
);
