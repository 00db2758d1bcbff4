import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { AuditQueue } from '../../../src/modules/audit/audit-queue.service.js';
import { AuditVerify } from '../../../src/modules/audit/audit-verify.service.js';
import { Spill } from '../../../src/platform/spill/spill.js';
import type { AuditEvent } from '../../../src/modules/audit/audit.port.js';
import { auditEvent } from '../../factories/audit-event.js';
import { startAuditApp, temporaryFolder } from '../../support/audit/audit-app.js';
import { linesOf, rowsOf } from '../../support/audit/stored-groups.js';
import { createTestDatabase } from '../../support/database.js';
import type { TestDatabase } from '../../support/database.js';

const FEED = Buffer.from('\n');

describe('groups of events on their way into PostgreSQL', () => {
  let database: TestDatabase;
  let dataDir: string;

  beforeEach(async () => {
    database = await createTestDatabase();
    dataDir = await temporaryFolder();
  });

  afterEach(async () => {
    rmSync(dataDir, { recursive: true, force: true });
    await database.drop();
  });

  /** What an earlier process left on the disk: lines of the queue, and what `between` puts between them. */
  async function leave(events: readonly AuditEvent[], between: readonly Buffer[] = []): Promise<void> {
    const spill = new Spill({ root: join(dataDir, 'audit', 'spill') });
    await spill.open();
    const log = { error: (): void => undefined };
    const queue = new AuditQueue({ writer: spill.writer, capacity: 16 * 1024 * 1024, log });
    for (const [n, event] of events.entries()) {
      queue.record(event);
      queue.endGroup();
      await spill.append(queue.lines.take(1)?.parts ?? []);
      queue.lines.release();
      const other = between[n];
      if (other) await spill.append([other, FEED]);
    }
    await spill.close();
  }

  it('come in as they are: not ASCII, of any length, more than one batch', async () => {
    const large = Array.from({ length: 12 }, () => '王"\\'.repeat(1000));
    const change = { category: 'admin', target: 'x', before: large, after: 'ß' } as const;
    const time = Date.now();
    const events = Array.from({ length: 2500 }, (_unused, n) =>
      auditEvent({
        time,
        requestId: `n-${n}`,
        user: `Jürgen ${n} 😀`,
        path: `/wiki/Ü/${n}`,
        ...(n % 500 ? {} : change),
      }),
    );
    const ownId = events[1]?.id as string;
    events[1] = { ...(events[1] as AuditEvent), requestId: ownId };
    await leave(events);
    const audit = await startAuditApp(database.url, { dataDir });
    await audit.audit.flush(20_000);
    expect(audit.audit.status()).toMatchObject({ written: 2500, dropped: 0, spillBytes: 0, ok: true });
    const sql = audit.app.get(DataSource);
    const [row] = await sql.query<object[]>(
      `SELECT username, path, before, after FROM audit_events WHERE request_id = 'n-500'`,
    );
    expect(row).toEqual({
      username: 'Jürgen 500 😀',
      path: '/wiki/Ü/500',
      before: JSON.stringify(large),
      after: '"ß"',
    });
    expect(await sql.query('SELECT request_id, category FROM audit_events WHERE id = $1', [ownId])).toEqual([
      { request_id: ownId, category: 'request' },
    ]);
    const report = await audit.app.get(AuditVerify).verify(Date.now());
    expect([report.rows, report.faults]).toEqual([2500, []]);
    await audit.close();
  });

  it('are put aside when PostgreSQL refuses them, byte for byte, without holding up the others', async () => {
    const bad = [
      Buffer.from('no JSON'),
      Buffer.from([0x22, 0xff, 0x22]),
      Buffer.from('{"id":"no uuid"}'),
      Buffer.from([0, 0, 0]),
      Buffer.from(''),
      Buffer.from('{"id":"0193a5b2-7c4d-7e8f-9a0b-000000000001","t":"2026-11-21T00:00:00Z","p":"\\u0000"}'),
    ];
    const time = Date.now();
    const events = Array.from({ length: 10 }, (_unused, n) => auditEvent({ time, requestId: `n-${n}` }));
    await leave(events, bad);
    const audit = await startAuditApp(database.url, { dataDir });
    await audit.audit.flush(20_000);
    expect(audit.audit.status()).toMatchObject({ written: 10, dropped: 5, spillBytes: 0, ok: true });
    const report = await audit.app.get(AuditVerify).verify(Date.now());
    expect([report.rows, report.faults]).toEqual([10, []]);
    const rejected = readFileSync(join(dataDir, 'audit', 'rejected.ndjson'));
    const expected = bad.filter((line) => line.length > 0).flatMap((line) => [line, FEED]);
    expect(rejected.equals(Buffer.concat(expected))).toBe(true);
    await audit.close();
  });

  /** What an earlier process left on the disk: one group, changed as `change` says. */
  async function leaveGroup(events: readonly AuditEvent[], change: (line: string) => string): Promise<void> {
    const [line] = linesOf(events, events.length) as [string];
    const spill = new Spill({ root: join(dataDir, 'audit', 'spill') });
    await spill.open();
    await spill.append([Buffer.from(change(line)), FEED]);
    await spill.close();
  }

  it('are counted one by one when their line is broken', async () => {
    const time = Date.now();
    await leaveGroup(
      Array.from({ length: 12 }, () => auditEvent({ time })),
      (line) => line.slice(0, -5),
    );
    const audit = await startAuditApp(database.url, { dataDir });
    await audit.audit.flush(20_000);
    expect(audit.audit.status()).toMatchObject({ written: 0, dropped: 12, spillBytes: 0, ok: true });
    await audit.close();
  });

  it('show in their chain that the last of them is missing when PostgreSQL refuses it', async () => {
    const time = Date.now();
    const events = Array.from({ length: 5 }, () => auditEvent({ time }));
    await leaveGroup(events, (line) => line.replace(events[4]?.id as string, 'no uuid'));
    const audit = await startAuditApp(database.url, { dataDir });
    await audit.audit.flush(20_000);
    expect(audit.audit.status()).toMatchObject({ written: 4, dropped: 1 });
    const { faults } = await audit.app.get(AuditVerify).verify(Date.now());
    const missing = { seq: 5, fault: 'rows are missing: 1 in all, the last is number 5' };
    expect(faults).toEqual([expect.objectContaining(missing)]);
    await audit.close();
  });

  it('come in all at once when one of them is refused: nobody sees half a group, nor does a crash leave one', async () => {
    const time = Date.now();
    const events = Array.from({ length: 300 }, (_unused, n) => auditEvent({ time, path: `/${n}` }));
    await leaveGroup(events, (line) => line.replace(events[150]?.id as string, 'no uuid'));
    const audit = await startAuditApp(database.url, { dataDir });
    const seen = new Set<number>();
    const end = Date.now() + 20_000;
    for (let written = 0; written === 0 && Date.now() < end; written = audit.audit.status().written) {
      const [row] = await audit.app
        .get(DataSource)
        .query<{ held: number }[]>('SELECT count(*)::int AS held FROM audit_events');
      seen.add(row?.held ?? 0);
    }
    expect([...seen].filter((held) => held !== 0 && held !== 299)).toEqual([]);
    expect(audit.audit.status()).toMatchObject({ written: 299, dropped: 1 });
    await audit.close();
  });

  it('lose one event that PostgreSQL refuses, not the others of its group, and the chain shows that it is missing', async () => {
    const time = Date.now();
    const events = Array.from({ length: 20 }, (_unused, n) => auditEvent({ time, requestId: `n-${n}` }));
    const [line] = linesOf(events, events.length) as [string];
    const spill = new Spill({ root: join(dataDir, 'audit', 'spill') });
    await spill.open();
    await spill.append([Buffer.from(line.replace(events[7]?.id as string, 'no uuid')), FEED]);
    await spill.close();
    const audit = await startAuditApp(database.url, { dataDir });
    await audit.audit.flush(20_000);
    expect(audit.audit.status()).toMatchObject({ written: 19, dropped: 1, spillBytes: 0, ok: true });
    const report = await audit.app.get(AuditVerify).verify(Date.now());
    const missing = { seq: 8, fault: 'rows are missing: 1 in all, the last is number 8' };
    expect([report.rows, report.faults]).toEqual([19, [expect.objectContaining(missing)]]);
    const rejected = readFileSync(join(dataDir, 'audit', 'rejected.ndjson'), 'utf8').trimEnd();
    expect(rowsOf(rejected)).toEqual([expect.objectContaining({ id: 'no uuid', seq: 8, username: 'alice' })]);
    await audit.close();
  });
});
