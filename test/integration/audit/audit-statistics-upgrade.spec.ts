import { v7 as uuidv7 } from 'uuid';
import { DataSource } from 'typeorm';
import { AuditMaintenance } from '../../../src/modules/audit/audit-maintenance.service.js';
import { AuditRollupRepository } from '../../../src/modules/audit/audit-rollup.repository.js';
import { AuditRollups } from '../../../src/modules/audit/audit-rollup.service.js';
import { postgresOptions, runMigrations } from '../../../src/platform/database/data-source.js';
import { migrations } from '../../../src/platform/database/migrations.js';
import { startAuditApp } from '../../support/audit/audit-app.js';
import type { AuditApp } from '../../support/audit/audit-app.js';
import { between, countsIn, expectSameFigures, StatisticsWorld } from '../../support/audit/statistics.js';
import { createEmptyDatabase } from '../../support/database.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('statistics beside a replica of the version before, which knows of no counts', () => {
  let world: StatisticsWorld;
  let audit: AuditApp;
  let sql: DataSource;

  beforeEach(async () => {
    world = await StatisticsWorld.start();
    ({ audit, sql } = world);
  });
  afterEach(() => world?.stop());

  const OLD_INSERT = `
    WITH added AS (
      INSERT INTO audit_events (id, time, request_id, category, decision, path, username, duration_ms, chain, seq, hash)
      SELECT gen_random_uuid(), now() - n * interval '20 minutes', 'old', 'request', 'forwarded', '/old', 'old-' || n % 3, n,
             to_char(now() - n * interval '20 minutes', 'YYYY-MM-DD') || '/old-0', n, 'x'
        FROM generate_series(1, 300) AS n RETURNING chain, seq)
    INSERT INTO audit_chains (chain, day, seq, hash, rows)
    SELECT chain, left(chain, 10)::date, max(seq), 'x', count(*) FROM added GROUP BY chain`;

  it('count what it wrote: from the events at first, and then as all others', async () => {
    await world.write(300);
    await sql.query(OLD_INSERT);
    expect(await world.expectAllTheSame()).toBe(await world.requests());
    expect(await audit.app.get(AuditRollupRepository).uncountedDays()).not.toEqual([]);
    await audit.app.get(AuditRollups).recount();
    expect(await audit.app.get(AuditRollupRepository).uncountedDays()).toEqual([]);
    expect(await world.expectAllTheSame()).toBe(await world.requests());
    await world.expectMerged();
  });

  it('forget what it deleted, in part or whole days', async () => {
    await world.write(400);
    await audit.app.get(AuditMaintenance).run();
    await world.expectMerged();
    const days = await sql.query<{ day: string }[]>(
      'SELECT DISTINCT day::text AS day FROM audit_chains ORDER BY day',
    );
    const [first = '', second = ''] = days.map(({ day }) => day);
    await sql.query(`DROP TABLE audit_events_p${first.replaceAll('-', '')}`);
    await sql.query('DELETE FROM audit_chains WHERE day = $1::date', [first]);
    await sql.query(
      `WITH gone AS (DELETE FROM audit_events WHERE time >= $1::timestamptz AND time < $1::timestamptz + interval '9 hours'
                     RETURNING chain)
       UPDATE audit_chains SET rows = rows - counted.gone
         FROM (SELECT chain, count(*) AS gone FROM gone GROUP BY chain) AS counted
        WHERE audit_chains.chain = counted.chain`,
      [`${second}T00:00:00Z`],
    );
    await audit.app.get(AuditRollups).recount();
    await world.expectMerged();
    expect(await world.expectAllTheSame()).toBe(await world.requests());
  });
});

describe('the upgrade to counts', () => {
  it('counts the events that are there, in the background, and answers from them meanwhile', async () => {
    const database = await createEmptyDatabase();
    const before = migrations.slice(
      0,
      migrations.findIndex(({ name }) => name.startsWith('AuditStatistics')),
    );
    const old = new DataSource({
      ...postgresOptions({ url: database.url }, () => undefined),
      migrations: before,
    });
    let audit: AuditApp | undefined;
    try {
      await runMigrations(old);
      await old.initialize();
      await old.query(
        `INSERT INTO audit_events (id, time, request_id, category, decision, application, path, username, duration_ms, chain, seq, hash)
         SELECT gen_random_uuid(), now() - n * interval '1 minute', $1, 'request', 'forwarded', 'jira', '/old', 'user' || n % 20,
                n % 70, to_char(now() - n * interval '1 minute', 'YYYY-MM-DD') || '/old-0', n, 'x'
           FROM generate_series(1, 4000) AS n`,
        [uuidv7()],
      );
      await old.query(
        `INSERT INTO audit_chains (chain, day, seq, hash, rows)
         SELECT chain, left(chain, 10)::date, max(seq), 'x', count(*) FROM audit_events GROUP BY chain`,
      );
      audit = await startAuditApp(database.url);
      const sql = audit.app.get(DataSource);
      const all = between(Date.now() - 5 * DAY, Date.now() + HOUR);
      const end = Date.now() + 20_000;
      let uncounted: string[];
      do {
        expect(await expectSameFigures(audit, all)).toBe(4000);
        uncounted = await audit.app.get(AuditRollupRepository).uncountedDays();
      } while (uncounted.length > 0 && Date.now() < end);
      expect(uncounted).toEqual([]);
      await audit.app.get(AuditRollups).merge();
      expect(await expectSameFigures(audit, all)).toBe(4000);
      expect((await countsIn(sql)).levels).toEqual([4000, 4000]);
    } finally {
      await audit?.close();
      await old.destroy();
      await database.drop();
    }
  });
});
