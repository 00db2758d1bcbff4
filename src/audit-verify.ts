import 'reflect-metadata';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { AuditSealsRepository } from './modules/audit/audit-seals.repository.js';
import { AuditVerify } from './modules/audit/audit-verify.service.js';
import type { VerifyReport } from './modules/audit/audit-verify.service.js';
import { ConfigurationError, readConfig } from './platform/config/read-config.js';
import type { Config } from './platform/config/config.js';
import { SecretBox } from './platform/crypto/secret-box.js';
import { postgresOptions } from './platform/database/data-source.js';
import { startEmbeddedPostgres } from './platform/database/embedded/embedded-postgres.js';
import { runningDatabaseUrl } from './platform/database/embedded/running.js';

/** sysexits.h: something was found in an unconfigured or misconfigured state. */
const EX_CONFIG = 78;

/** `npm run audit:verify`: exit status 0 when the log is whole, 1 when it is not. Changes nothing. */
async function main(): Promise<number> {
  const config = readConfig({ installDir: join(import.meta.dirname, '..', '..'), writeGenerated: false });
  const database = await openDatabase(config);
  const dataSource = await new DataSource(
    postgresOptions({ url: database.url, poolSize: 2 }, () => undefined),
  ).initialize();
  try {
    const seals = new AuditSealsRepository(dataSource, new SecretBox(config.encryptionKeys));
    return report(await new AuditVerify(dataSource, seals).verify(Date.now()));
  } finally {
    await dataSource.destroy();
    await database.close();
  }
}

/** The embedded database of a gateway that runs is used as it is; otherwise it is started for the while. */
async function openDatabase(config: Config): Promise<{ url: string; close(): Promise<void> }> {
  const url = config.databaseUrl ?? (await runningDatabaseUrl(config.dataDir));
  if (url !== undefined) return { url, close: () => Promise.resolve() };
  const { dataDir, installDir } = config;
  const embedded = await startEmbeddedPostgres({ dataDir, installDir, log: () => undefined });
  return { url: embedded.url, close: () => embedded.stop() };
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
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof ConfigurationError ? EX_CONFIG : 2;
  },
);
