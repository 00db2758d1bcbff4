/**
 * The core of the audit log in a process of its own, so that tests can kill it. Prints `recorded N` for every
 * event that was handed over at least a second ago, then goes on until it is killed.
 * Usage: tsx audit-child.ts <database url> <folder> <events per second> <number of the first event>
 */
import { join } from 'node:path';
import pg from 'pg';
import { SYSTEM_CLOCK } from '../../../src/lib/clock.js';
import { AuditQueue } from '../../../src/modules/audit/audit-queue.service.js';
import { AuditShipper } from '../../../src/modules/audit/audit-shipper.service.js';
import { AuditWriter } from '../../../src/modules/audit/audit-writer.service.js';
import { Spill } from '../../../src/platform/spill/spill.js';
import { auditEvent } from '../../factories/audit-event.js';

const [, , url = '', folder = '', rate = '0', first = '0'] = process.argv;
const TICK_MS = 20;

const log = {
  warn: (_fields: object, message: string): boolean => process.stderr.write(`${message}\n`),
  error: (_fields: object, message: string): boolean => process.stderr.write(`${message}\n`),
};

async function main(): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 2000 });
  pool.on('error', () => undefined);
  const sql = {
    transaction: () => Promise.reject(new Error('no group was refused')),
    query: async <T>(text: string, values?: unknown[]): Promise<T> =>
      (await pool.query(text, values)).rows as T,
  };
  const spill = new Spill({ root: join(folder, 'spill') });
  const queue = new AuditQueue({ writer: spill.writer, capacity: 48 * 1024 * 1024, log });
  const shipper = new AuditShipper(spill, sql, { log, rejectedFile: join(folder, 'rejected.ndjson') });
  const writer = new AuditWriter(queue, spill, SYSTEM_CLOCK, { log, onAppended: () => shipper.notify() });
  await spill.open();
  writer.start();
  shipper.start();
  if (Number(rate) === 0) {
    await shipper.drained(20_000);
    process.stdout.write(`drained ${spill.pendingBytes}\n`);
    process.exit(0);
  }
  let number = Number(first);
  setInterval(() => {
    const before = number;
    for (let count = 0; count < (Number(rate) * TICK_MS) / 1000; count++) {
      queue.record(auditEvent({ requestId: `n-${number++}` }));
    }
    setTimeout(() => process.stdout.write(`recorded ${number} ${before}\n`), 1000);
  }, TICK_MS);
}

void main();
