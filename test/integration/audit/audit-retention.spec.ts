import { v7 as uuidv7 } from 'uuid';
import { DataSource } from 'typeorm';
import { auditEvent } from '../../factories/audit-event.js';
import { startAuditApp } from '../../support/audit/audit-app.js';
import type { AuditApp } from '../../support/audit/audit-app.js';
import { createTestDatabase } from '../../support/database.js';
import type { TestDatabase } from '../../support/database.js';
import { AuditMaintenance } from '../../../src/modules/audit/audit-maintenance.service.js';
import { AuditSchedule } from '../../../src/modules/audit/audit-schedule.service.js';
import { AuditVerify } from '../../../src/modules/audit/audit-verify.service.js';

const DAY = 86_400_000;
const HOUR = 3_600_000;

describe('the retention of the audit log', () => {
  let database: TestDatabase;
  let audit: AuditApp;

  beforeEach(async () => {
    database = await createTestDatabase();
    audit = await startAuditApp(database.url);
  });

  afterEach(async () => {
    await audit.close();
    await database.drop();
  });

  /** One event of each age, newest last. */
  async function keepAged(...ages: number[]): Promise<void> {
    const now = audit.clock.now();
    for (const age of ages) audit.audit.record(auditEvent({ time: now - age, user: `aged-${age}` }));
    await audit.audit.flush();
  }

  async function ages(): Promise<number[]> {
    const { json } = await audit.call('GET', '/audit/events?category=request&limit=500');
    return json.items.map((item: { user: string }) => Number(item.user.replace('aged-', '')));
  }

  async function faults(): Promise<unknown> {
    return (await audit.app.get(AuditVerify).verify(audit.clock.now())).faults;
  }

  it('keeps each day in a table of its own, made ahead, and moves what came before its table', async () => {
    await keepAged(3 * DAY, 400 * DAY);
    const sql = audit.app.get(DataSource);
    const strays = async (): Promise<string> =>
      (await sql.query<{ count: string }[]>('SELECT count(*) FROM audit_events_default'))[0]?.count ?? '';
    expect(await strays()).toBe('2');
    await audit.app.get(AuditMaintenance).run();
    expect(await strays()).toBe('0');
    expect(await ages()).toEqual([3 * DAY, 400 * DAY]);
    const tables = await sql.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM pg_inherits WHERE inhparent = 'audit_events'::regclass`,
    );
    expect(tables[0]?.count).toBeGreaterThanOrEqual(1 + 9 + 2);
  });

  it('deletes what is older than N days, to the moment, whether or not its day has a table', async () => {
    await keepAged(0, 7 * DAY - HOUR, 7 * DAY + HOUR, 20 * DAY);
    await audit.app.get(AuditMaintenance).run();
    await keepAged(30 * DAY);
    await audit.call('PUT', '/audit/settings', { retention: { days: 7, entries: null } });
    const { status, json } = await audit.call('POST', '/audit/prune');
    expect(status).toBe(200);
    expect(json).toMatchObject({ deleted: 3, complete: true, by: 'bootstrap-admin' });
    expect(await ages()).toEqual([0, 7 * DAY - HOUR]);
    expect((await audit.call('GET', '/audit/settings')).json.lastRun).toEqual(json);
    expect(await faults()).toEqual([]);
  });

  it('keeps the newest N entries, exactly, within a day and across days', async () => {
    await keepAged(...Array.from({ length: 30 }, (_unused, at) => at), 2 * DAY, 2 * DAY + 1, 5 * DAY);
    await audit.app.get(AuditMaintenance).run();
    await audit.call('PUT', '/audit/settings', { retention: { days: null, entries: 12 } });
    const { json } = await audit.call('POST', '/audit/prune');
    // The change of the settings is an entry, too, and the newest.
    expect(json.deleted).toBe(33 + 1 - 12);
    expect(await ages()).toEqual([...Array.from({ length: 11 }, (_unused, at) => at)]);
    expect(await faults()).toEqual([]);
  });

  it('deletes by whichever of the two deletes more', async () => {
    await keepAged(0, 1, 2, 3 * DAY, 10 * DAY);
    await audit.call('PUT', '/audit/settings', { retention: { days: 5, entries: 3 } });
    await audit.call('POST', '/audit/prune');
    expect(await ages()).toEqual([0, 1]);
  });

  it('runs by itself when time has passed, and deletes by days', async () => {
    await keepAged(0, DAY);
    await audit.app.get(AuditSchedule).tick();
    expect(await ages()).toEqual([0, DAY]);
    audit.clock.offsetMs += 89 * DAY + HOUR;
    await audit.app.get(AuditSchedule).tick();
    expect(await ages()).toEqual([0]);
    audit.clock.offsetMs += DAY;
    await audit.app.get(AuditSchedule).tick();
    expect(await ages()).toEqual([]);
    expect((await audit.call('GET', '/audit/settings')).json.lastRun).toMatchObject({
      deleted: 1,
      by: 'schedule',
    });
  });

  it('follows the cron setting as soon as it is saved', async () => {
    await keepAged(0, 100 * DAY);
    await audit.call('PUT', '/audit/settings', { schedule: '* * * * * *' });
    const end = Date.now() + 10_000;
    let lastRun: unknown = null;
    while (lastRun === null && Date.now() < end) {
      lastRun = (await audit.call('GET', '/audit/settings')).json.lastRun;
    }
    expect(lastRun).toMatchObject({ by: 'schedule' });
    expect(await ages()).toEqual([0]);
  });

  it('runs on one node only for each time of the schedule', async () => {
    const other = await startAuditApp(database.url);
    try {
      other.clock.offsetMs = audit.clock.offsetMs;
      const frozen = Date.now() + 5 * HOUR;
      audit.clock.now = () => frozen;
      other.clock.now = () => frozen;
      await Promise.all([audit.app.get(AuditSchedule).tick(), other.app.get(AuditSchedule).tick()]);
      await other.app.get(AuditSchedule).tick();
      const runs = await audit.app
        .get(DataSource)
        .query<{ count: number }[]>('SELECT count(*)::int AS count FROM audit_prune_runs');
      expect(runs[0]?.count).toBe(1);
    } finally {
      await other.close();
    }
  });

  it('says 409 when the log is read for long, deletes nothing, and works when that is over', async () => {
    await keepAged(0, 10 * DAY);
    await audit.app.get(AuditMaintenance).run();
    await audit.call('PUT', '/audit/settings', { retention: { days: 5 } });
    const reader = audit.app.get(DataSource).createQueryRunner();
    await reader.startTransaction();
    await reader.query('LOCK TABLE audit_events IN ACCESS SHARE MODE');
    const refused = await audit.call('POST', '/audit/prune');
    expect([refused.status, refused.json.code]).toEqual([409, 'conflict']);
    await reader.rollbackTransaction();
    await reader.release();
    expect(await ages()).toEqual([0, 10 * DAY]);
    expect((await audit.call('POST', '/audit/prune')).json).toMatchObject({ deleted: 1, complete: true });
  });

  it('goes on writing while old days are dropped', async () => {
    await keepAged(...Array.from({ length: 20 }, (_unused, at) => (at + 10) * DAY));
    await audit.app.get(AuditMaintenance).run();
    await audit.call('PUT', '/audit/settings', { retention: { days: 5 } });
    const id = uuidv7();
    const [pruned] = await Promise.all([
      audit.call('POST', '/audit/prune'),
      (async () => {
        for (let count = 0; count < 500; count++) audit.audit.record(auditEvent({ user: 'aged-0' }));
        audit.audit.record(auditEvent({ id, user: 'aged-0' }));
        await audit.audit.flush();
      })(),
    ]);
    expect(pruned.json.deleted).toBe(20);
    expect((await audit.call('GET', `/audit/events/${id}`)).status).toBe(200);
    expect(await ages()).toHaveLength(500);
  });
});
