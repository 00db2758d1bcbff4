import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { insertLines } from '../../../src/modules/audit/audit-insert.repository.js';
import { AuditMaintenance } from '../../../src/modules/audit/audit-maintenance.service.js';
import { AuditQueue } from '../../../src/modules/audit/audit-queue.service.js';
import { AuditVerify } from '../../../src/modules/audit/audit-verify.service.js';
import type { AuditEvent } from '../../../src/modules/audit/audit.port.js';
import { auditEvent } from '../../factories/audit-event.js';
import { anyEvent } from '../../support/audit/any-event.js';
import { startAuditApp } from '../../support/audit/audit-app.js';
import type { AuditApp } from '../../support/audit/audit-app.js';
import { createTestDatabase } from '../../support/database.js';
import type { TestDatabase } from '../../support/database.js';

const DAY = 86_400_000;
const MEGABYTE = 1024 * 1024;

describe('groups of events in PostgreSQL', () => {
  let database: TestDatabase;
  let audit: AuditApp;
  let sql: DataSource;
  let writers = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    audit = await startAuditApp(database.url);
    sql = audit.app.get(DataSource);
  });

  afterAll(async () => {
    await audit.close();
    await database.drop();
  });

  /** The lines that a queue makes of events; a group ends after as many as `sizes` say in turn. */
  function linesOf(events: readonly AuditEvent[], sizes: readonly number[]): string[] {
    const log = { error: (fields: object): void => fail(fields) };
    const queue = new AuditQueue({ writer: `w${writers++}`, capacity: 64 * MEGABYTE, log });
    let left = 0;
    for (const [n, event] of events.entries()) {
      queue.record(event);
      if (--left > 0) continue;
      queue.endGroup();
      left = sizes[n % sizes.length] ?? 1;
    }
    queue.endGroup();
    const taken = Buffer.concat(queue.lines.take(64 * MEGABYTE)?.parts ?? []);
    return taken.toString('utf8').trimEnd().split('\n');
  }

  function fail(fields: object): never {
    throw new Error(`an event was not taken: ${JSON.stringify(fields)}`);
  }

  async function faults(): Promise<string[]> {
    const report = await audit.app.get(AuditVerify).verify(audit.clock.now());
    return report.faults.map(({ chain, seq, fault }) => `${chain} ${seq}: ${fault}`);
  }

  it('give the text that was hashed again, whatever the events hold, in every order of arrival', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 });
    // Today, before 1970, and far away.
    const era = fc.constantFrom(0, -Date.UTC(2026, 10, 21), 1e12, -4e12);
    const events = fc.array(anyEvent, { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(events, sizes, fc.infiniteStream(fc.nat()), era, async (any, each, order, since) => {
        await sql.query('TRUNCATE audit_events, audit_chains');
        const some = any.map((event) => ({ ...event, time: event.time + since }));
        const lines = linesOf(some, each);
        const mixed = lines
          .map((line) => ({ line, at: order.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ line }) => line);
        const half = mixed.length >> 1;
        expect(await insertLines(sql, mixed.slice(0, half + 1))).toBeGreaterThan(0);
        // Some of them come again.
        await insertLines(sql, mixed.slice(half));
        const found = await faults();
        expect(found.filter((fault) => !fault.includes('not sealed'))).toEqual([]);
        const [held] = await sql.query<{ rows: number }[]>('SELECT sum(rows)::int AS rows FROM audit_chains');
        expect(held?.rows).toBe(some.length);
      }),
      { numRuns: 30, endOnFailure: true },
    );
    await sql.query('TRUNCATE audit_events, audit_chains');
  }, 240_000);

  it('are whole after each step of retention, also when events are not in the order of their times', async () => {
    const now = audit.clock.now();
    // A day of its own for each round, sealed but for the last: one that retention has emptied is not looked at again.
    for (const daysAgo of [2, 1]) {
      const noon = now - (now % DAY) - daysAgo * DAY + DAY / 2;
      const upkeep = async (): Promise<void> => {
        if (daysAgo > 1) await audit.app.get(AuditMaintenance).run();
      };
      for (let writer = 0; writer < 3; writer++) {
        const events = Array.from({ length: 200 }, () =>
          auditEvent({ time: noon - Math.floor(Math.random() * 1000), path: `/p/${Math.random()}` }),
        );
        await insertLines(sql, linesOf(events, [1, 9, 30, 2, 70]));
      }
      await upkeep();
      for (let left = 590; left > 0; left -= 1 + Math.floor(Math.random() * 100)) {
        await audit.call('PUT', '/audit/settings', { retention: { days: null, entries: left } });
        await audit.call('POST', '/audit/prune');
        await audit.audit.flush();
        expect({ left, found: await faults() }).toEqual({ left, found: [] });
        // Late ones.
        if (left % 3 === 0) await insertLines(sql, linesOf([auditEvent({ time: noon - 5 })], [1]));
        await upkeep();
      }
    }
  }, 240_000);
});
