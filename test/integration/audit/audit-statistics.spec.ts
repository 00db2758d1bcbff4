import { v7 as uuidv7 } from 'uuid';
import { DataSource } from 'typeorm';
import { ChainKeeper, lineOf, rowJson } from '../../../src/modules/audit/audit-chain.policy.js';
import { insertLines } from '../../../src/modules/audit/audit-insert.repository.js';
import { AuditMaintenance } from '../../../src/modules/audit/audit-maintenance.service.js';
import { AuditRollupRepository } from '../../../src/modules/audit/audit-rollup.repository.js';
import { AuditRollups } from '../../../src/modules/audit/audit-rollup.service.js';
import { toRow } from '../../../src/modules/audit/audit-row.policy.js';
import { AuditVerify } from '../../../src/modules/audit/audit-verify.service.js';
import type { AuditEvent } from '../../../src/modules/audit/audit.port.js';
import { postgresOptions, runMigrations } from '../../../src/platform/database/data-source.js';
import { migrations } from '../../../src/platform/database/migrations.js';
import { auditEvent } from '../../factories/audit-event.js';
import { startAuditApp } from '../../support/audit/audit-app.js';
import type { AuditApp } from '../../support/audit/audit-app.js';
import { countsIn, expectSameFigures } from '../../support/audit/statistics.js';
import { createEmptyDatabase, createTestDatabase } from '../../support/database.js';
import type { TestDatabase } from '../../support/database.js';
import { Seeded } from '../../support/seeded.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DAYS = 4;

const USERS = ['alice', 'Alice', 'Jürgen', 'JÜRGEN', 'bob', "o'hara", undefined];
const APPLICATIONS = ['jira', 'confluence', undefined];
const DECISIONS = [
  ['forwarded', undefined],
  ['denied', 'group_not_allowed'],
  ['denied', 'token_revoked'],
  ['anonymous', undefined],
] as const;
const DURATIONS = [undefined, 0, 0.0004, 0.5, 3, 12.3456, 80, 4000, 86_400_000];

/** An event of the last days, with everything that figures tell apart, and more users than are named. */
function randomEvent(random: Seeded, now: number): AuditEvent {
  const [decision, reason] = random.pick(DECISIONS);
  return auditEvent({
    time: now - random.below(DAYS * DAY),
    category: random.below(50) === 0 ? 'admin' : 'request',
    decision,
    reason,
    application: random.pick(APPLICATIONS),
    user: random.below(3) === 0 ? `user${random.below(14)}` : random.pick(USERS),
    durationMs: random.below(4) === 0 ? random.pick(DURATIONS) : Math.exp(random.below(9000) / 1000),
  });
}

function between(from: number, to: number): string {
  return `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
}

describe('statistics from counts', () => {
  let database: TestDatabase;
  let audit: AuditApp;
  let sql: DataSource;
  let random: Seeded;

  beforeEach(async () => {
    database = await createTestDatabase();
    audit = await startAuditApp(database.url);
    sql = audit.app.get(DataSource);
    random = new Seeded(1520);
  });

  afterEach(async () => {
    await audit.close();
    await database.drop();
  });

  async function write(count: number): Promise<void> {
    for (let n = 0; n < count; n++) audit.audit.record(randomEvent(random, audit.clock.now()));
    await audit.audit.flush();
  }

  /** Times on the borders of hours and within them, and each filter. Answers the number of all requests. */
  async function expectAllTheSame(): Promise<number> {
    const now = audit.clock.now();
    const start = Math.floor((now - (DAYS + 1) * DAY) / HOUR) * HOUR;
    const all = between(start, start + (DAYS + 3) * DAY);
    for (const filter of [
      'decision=denied',
      'decision=forwarded',
      'reason=token_revoked',
      'application=jira',
    ])
      await expectSameFigures(audit, `${all}&${filter}`);
    for (const user of ['ALICE', 'jürgen', "o'hara", 'user3', 'nobody'])
      await expectSameFigures(audit, `${all}&user=${encodeURIComponent(user)}`);
    await expectSameFigures(audit, `${all}&user=alice&application=jira&decision=denied`);
    for (let round = 0; round < 8; round++) {
      const from = start + random.below(DAYS * DAY);
      await expectSameFigures(audit, between(from, from + random.below(random.pick([HOUR, 2 * DAY]))));
    }
    await expectSameFigures(
      audit,
      `${between(start + DAY + MINUTE, now - 7 * HOUR)}&application=jira&user=bob`,
    );
    return expectSameFigures(audit, all);
  }

  async function requests(): Promise<number> {
    const rows = await sql.query<{ count: number }[]>(
      "SELECT count(*)::int AS count FROM audit_events WHERE category = 'request'",
    );
    return rows[0]?.count ?? 0;
  }

  /** Nothing is left to add or to count anew, and every level holds every request. */
  async function expectMerged(): Promise<void> {
    expect(await audit.app.get(AuditRollupRepository).uncountedDays()).toEqual([]);
    await audit.app.get(AuditRollups).merge();
    const count = await requests();
    const levels = count === 0 ? [] : [count, count];
    expect(await countsIn(sql)).toEqual({ levels, faulty: 0, noted: 0 });
  }

  it('are those of the events: before counts are added up, after it, and with late events', async () => {
    await write(900);
    expect((await countsIn(sql)).noted).toBeGreaterThan(0);
    expect(await expectAllTheSame()).toBe(await requests());
    await expectMerged();
    await expectAllTheSame();
    await write(300);
    await expectAllTheSame();
    await audit.app.get(AuditMaintenance).run();
    await write(200);
    await expectAllTheSame();
    await expectMerged();
    expect(await expectAllTheSame()).toBe(await requests());
    expect(await requests()).toBeGreaterThan(1300);
  });

  it('count a batch once that comes twice, also in part', async () => {
    const chains = new ChainKeeper('twice');
    const lines = Array.from({ length: 60 }, () => {
      const row = toRow(randomEvent(random, audit.clock.now()));
      return lineOf(rowJson(row), chains.link(row.time.slice(0, 10), rowJson(row)));
    });
    const added = [];
    for (const batch of [lines.slice(0, 40), lines, lines]) added.push(await insertLines(sql, batch));
    expect(added).toEqual([40, 20, 0]);
    expect(await expectAllTheSame()).toBe(await requests());
    await expectMerged();
  });

  it('follow a deletion by days, with and without tables of their own', async () => {
    await write(500);
    await audit.app.get(AuditMaintenance).run();
    await audit.app.get(AuditRollups).merge();
    await write(100);
    audit.audit.record(auditEvent({ time: audit.clock.now() - 30 * DAY }));
    await audit.audit.flush();
    await audit.call('PUT', '/audit/settings', { retention: { days: 2, entries: null } });
    expect((await audit.call('POST', '/audit/prune')).json).toMatchObject({ complete: true });
    const left = await expectAllTheSame();
    expect([left, left < 600, left > 0]).toEqual([await requests(), true, true]);
    await expectMerged();
    await expectAllTheSame();
    const tables = await sql.query<{ events: number; counts: number }[]>(
      `SELECT count(*) FILTER (WHERE inhparent = 'audit_events'::regclass)::int AS events,
              count(*) FILTER (WHERE inhparent = 'audit_statistics'::regclass)::int AS counts FROM pg_inherits`,
    );
    expect(tables[0]?.counts).toBe(tables[0]?.events);
  });

  it.each([['merged', true] as const, ['just noted', false] as const])(
    'follow a deletion by entries, when they are %s',
    async (_name, merged) => {
      await write(400);
      await audit.app.get(AuditMaintenance).run();
      if (merged) await expectMerged();
      await audit.call('PUT', '/audit/settings', { retention: { days: null, entries: 123 } });
      await audit.call('POST', '/audit/prune');
      const left = await expectAllTheSame();
      expect([left, left <= 123]).toEqual([await requests(), true]);
      await expectMerged();
      expect(await expectAllTheSame()).toBe(left);
      await audit.call('PUT', '/audit/settings', { retention: { days: null, entries: 1 } });
      await audit.call('POST', '/audit/prune');
      await expectMerged();
      expect(await expectAllTheSame()).toBe(0);
    },
  );

  it('are right while nodes write, add up, count anew and delete at the same time', async () => {
    const other = await startAuditApp(database.url);
    try {
      await write(600);
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
          await audit.app.get(AuditRollupRepository).merge();
          await other.app.get(AuditRollups).merge();
        }
      })();
      const deleting = (async () => {
        for (let round = 0; round < 5; round++)
          expect((await audit.call('POST', '/audit/prune')).status).toBe(200);
      })();
      await Promise.all([...writing, upkeep, deleting]);
      expect(await expectAllTheSame()).toBe(await requests());
      await audit.app.get(AuditRollups).recount();
      await expectMerged();
      await audit.app.get(AuditMaintenance).run();
      expect((await audit.app.get(AuditVerify).verify(audit.clock.now())).faults).toEqual([]);
    } finally {
      await other.close();
    }
  });

  describe('beside a replica of the version before, which knows of no counts', () => {
    const OLD_INSERT = `
      WITH added AS (
        INSERT INTO audit_events (id, time, request_id, category, decision, path, username, duration_ms, chain, seq, hash)
        SELECT gen_random_uuid(), now() - n * interval '20 minutes', 'old', 'request', 'forwarded', '/old', 'old-' || n % 3, n,
               to_char(now() - n * interval '20 minutes', 'YYYY-MM-DD') || '/old-0', n, 'x'
          FROM generate_series(1, 300) AS n RETURNING chain, seq)
      INSERT INTO audit_chains (chain, day, seq, hash, rows)
      SELECT chain, left(chain, 10)::date, max(seq), 'x', count(*) FROM added GROUP BY chain`;

    it('count what it wrote: from the events at first, and then as all others', async () => {
      await write(300);
      await sql.query(OLD_INSERT);
      expect(await expectAllTheSame()).toBe(await requests());
      expect(await audit.app.get(AuditRollupRepository).uncountedDays()).not.toEqual([]);
      await audit.app.get(AuditRollups).recount();
      expect(await audit.app.get(AuditRollupRepository).uncountedDays()).toEqual([]);
      expect(await expectAllTheSame()).toBe(await requests());
      await expectMerged();
    });

    it('forget what it deleted, in part or whole days', async () => {
      await write(400);
      await audit.app.get(AuditMaintenance).run();
      await expectMerged();
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
      await expectMerged();
      expect(await expectAllTheSame()).toBe(await requests());
    });
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
