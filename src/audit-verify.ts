import 'reflect-metadata';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { requireOwnKey, withDatabase } from './commands/open-database.js';
import { AuditSealsRepository } from './modules/audit/audit-seals.repository.js';
import { AuditVerify } from './modules/audit/audit-verify.service.js';
import type { VerifyReport } from './modules/audit/audit-verify.service.js';
import { ConfigurationError, readConfig } from './platform/config/read-config.js';
import { SecretBox } from './platform/crypto/secret-box.js';
import { isDatabaseDown } from './platform/database/database.errors.js';

/** sysexits.h: something was found in an unconfigured or misconfigured state. */
const EX_CONFIG = 78;
/** Nothing is known about the log. */
const EX_NOT_VERIFIED = 2;

/** `npm run audit:verify`: exit status 0 when the log is whole, 1 when it is not, 2 when it could not be read. Changes nothing. */
async function main(): Promise<number> {
  const config = readConfig({ installDir: join(import.meta.dirname, '..', '..'), writeGenerated: false });
  requireOwnKey(config);
  const verify = async (dataSource: DataSource): Promise<number> => {
    const seals = new AuditSealsRepository(dataSource, new SecretBox(config.encryptionKeys));
    return report(await new AuditVerify(dataSource, seals).verify(Date.now()));
  };
  // Sorting the events of a large day takes as long as it takes.
  return withDatabase(config, verify, { timeLimits: false });
}

/** What went wrong, in words for who runs it. */
function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ConfigurationError) return message;
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
