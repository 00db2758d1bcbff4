import type { DataSource } from 'typeorm';
import { insertLines } from '../../../src/modules/audit/audit-insert.repository.js';
import { AuditMaintenance } from '../../../src/modules/audit/audit-maintenance.service.js';
import { AuditRollups } from '../../../src/modules/audit/audit-rollup.service.js';
import { AuditVerify } from '../../../src/modules/audit/audit-verify.service.js';
import { auditEvent } from '../../factories/audit-event.js';
import { startAuditApp } from '../../support/audit/audit-app.js';
import type { AuditApp } from '../../support/audit/audit-app.js';
import { countsIn, randomEvent, StatisticsWorld } from '../../support/audit/statistics.js';
import { linesOf } from '../../support/audit/stored-groups.js';
import { Seeded } from '../../support/seeded.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LONGER_THAN_ADDING_UP_MS = 400;

describe('statistics from counts', () => {
  let world: StatisticsWorld;
  let audit: AuditApp;
  let sql: DataSource;

  beforeEach(async () => {
    world = await StatisticsWorld.start();
    ({ audit, sql } = world);
  });
  afterEach(() => world?.stop());

  it('are those of the events: before counts are added up, after it, and with late events', async () => {
    await world.write(900);
    expect((await countsIn(sql)).noted).toBeGreaterThan(0);
    expect(await world.expectAllTheSame()).toBe(await world.requests());
    await world.expectMerged();
    await world.expectAllTheSame();
    await world.write(300);
    await world.expectAllTheSame();
    await audit.app.get(AuditMaintenance).run();
    await world.write(200);
    await world.expectAllTheSame();
    await world.expectMerged();
    expect(await world.expectAllTheSame()).toBe(await world.requests());
    expect(await world.requests()).toBeGreaterThan(1300);
  });

  it('count a batch once that comes twice, also in part', async () => {
    const random = new Seeded(2);
    const lines = linesOf(Array.from({ length: 60 }, () => randomEvent(random, audit.clock.now())));
    const added = [];
    for (const batch of [lines.slice(0, 40), lines, lines]) added.push(await insertLines(sql, batch));
    expect(added).toEqual([40, 20, 0]);
    expect(await world.expectAllTheSame()).toBe(await world.requests());
    await world.expectMerged();
  });

  it('follow a deletion by days, with and without tables of their own', async () => {
    await world.write(500);
    await audit.app.get(AuditMaintenance).run();
    await audit.app.get(AuditRollups).merge();
    await world.write(100);
    audit.audit.record(auditEvent({ time: audit.clock.now() - 30 * DAY }));
    await audit.audit.flush();
    await audit.call('PUT', '/audit/settings', { retention: { days: 2, entries: null } });
    expect((await audit.call('POST', '/audit/prune')).json).toMatchObject({ complete: true });
    const left = await world.expectAllTheSame();
    expect([left, left < 600, left > 0]).toEqual([await world.requests(), true, true]);
    await world.expectMerged();
    await world.expectAllTheSame();
    const tables = await sql.query<{ events: number; counts: number }[]>(
      `SELECT count(*) FILTER (WHERE inhparent = 'audit_events'::regclass)::int AS events,
              count(*) FILTER (WHERE inhparent = 'audit_statistics'::regclass)::int AS counts FROM pg_inherits`,
    );
    expect(tables[0]?.counts).toBe(tables[0]?.events);
  });

  it('do not count a late event whose day is dropped while it is written', async () => {
    await world.write(200);
    await audit.app.get(AuditMaintenance).run();
    await audit.call('PUT', '/audit/settings', { retention: { days: 1, entries: null } });
    const writer = sql.createQueryRunner();
    await writer.startTransaction();
    await insertLines(writer.manager, linesOf([auditEvent({ time: audit.clock.now() - 2.5 * DAY })]));
    const pruned = audit.call('POST', '/audit/prune');
    await new Promise((resolve) => setTimeout(resolve, LONGER_THAN_ADDING_UP_MS));
    await writer.commitTransaction();
    await writer.release();
    expect((await pruned).json).toMatchObject({ complete: true });
    await world.expectMerged();
    expect(await world.expectAllTheSame()).toBe(await world.requests());
  });

  it.each([['merged', true] as const, ['just noted', false] as const])(
    'follow a deletion by entries, when they are %s',
    async (_name, merged) => {
      await world.write(400);
      await audit.app.get(AuditMaintenance).run();
      if (merged) await world.expectMerged();
      await audit.call('PUT', '/audit/settings', { retention: { days: null, entries: 123 } });
      await audit.call('POST', '/audit/prune');
      const left = await world.expectAllTheSame();
      expect([left, left <= 123]).toEqual([await world.requests(), true]);
      await world.expectMerged();
      expect(await world.expectAllTheSame()).toBe(left);
      await audit.call('PUT', '/audit/settings', { retention: { days: null, entries: 1 } });
      await audit.call('POST', '/audit/prune');
      await world.expectMerged();
      expect(await world.expectAllTheSame()).toBe(0);
    },
  );

  it('are right while nodes write, add up, count anew and delete at the same time', async () => {
    const other = await startAuditApp(world.database.url);
    try {
      await world.write(600);
      await audit.app.get(AuditMaintenance).run();
      await audit.call('PUT', '/audit/settings', { retention: { days: 3, entries: 900 } });
      await sql.query('UPDATE audit_chains SET counted = 0');
      const writing = [audit, other].map(async (node, at) => {
        const own = new Seeded(at);
        for (let batch = 0; batch < 25; batch++) {
          for (let n = 0; n < 20; n++) node.audit.record(randomEvent(own, node.clock.now()));
          await node.audit.flush();
        }
      });
      const upkeep = (async () => {
        for (let round = 0; round < 8; round++) {
          await other.app.get(AuditRollups).recount();
          await audit.app.get(AuditRollups).merge();
          await other.app.get(AuditRollups).merge();
        }
      })();
      const deleting = (async () => {
        for (let round = 0; round < 5; round++)
          expect((await audit.call('POST', '/audit/prune')).status).toBe(200);
      })();
      await Promise.all([...writing, upkeep, deleting]);
      expect(await world.expectAllTheSame()).toBe(await world.requests());
      await audit.app.get(AuditRollups).recount();
      await world.expectMerged();
      await audit.app.get(AuditMaintenance).run();
      expect((await audit.app.get(AuditVerify).verify(audit.clock.now())).faults).toEqual([]);
    } finally {
      await other.close();
    }
  });
});
