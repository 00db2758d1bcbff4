import { DataSource } from 'typeorm';
import { AuditRollupRepository } from '../../../src/modules/audit/audit-rollup.repository.js';
import { AuditRollups } from '../../../src/modules/audit/audit-rollup.service.js';
import type { AuditEvent } from '../../../src/modules/audit/audit.port.js';
import { auditEvent } from '../../factories/audit-event.js';
import { createTestDatabase } from '../database.js';
import type { TestDatabase } from '../database.js';
import { Seeded } from '../seeded.js';
import { startAuditApp } from './audit-app.js';
import type { AuditApp } from './audit-app.js';

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
export function randomEvent(random: Seeded, now: number): AuditEvent {
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

export function between(from: number, to: number): string {
  return `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
}

interface Figures {
  total: number;
  p50Ms: number | null;
  p95Ms: number | null;
  hour?: string;
  hours?: Figures[];
}

/** Below this the clock of an event says nothing. */
const NO_TIME_MS = 0.002;
const MOST_OFF = 0.1;

/** A filter that every request matches and that the counts do not know: the events themselves are counted. */
const EVENTS_THEMSELVES = '&path=/';

/**
 * Asks for the statistics twice, from the counts and from the events: they have to be the same, durations within 10 %.
 * Answers the number of requests.
 */
export async function expectSameFigures(audit: AuditApp, query: string): Promise<number> {
  const counted = await audit.call('GET', `/audit/statistics?${query}`);
  const read = await audit.call('GET', `/audit/statistics?${query}${EVENTS_THEMSELVES}`);
  expect([counted.status, read.status]).toEqual([200, 200]);
  expect({ query, ...withoutDurations(counted.json) }).toEqual({ query, ...withoutDurations(read.json) });
  expectNear(counted.json, read.json, query);
  return (read.json as Figures).total;
}

function withoutDurations({ p50Ms: _p50, p95Ms: _p95, hours, ...rest }: Figures): object {
  return { ...rest, ...(hours && { hours: hours.map(withoutDurations) }) };
}

function expectNear(counted: Figures, read: Figures, place: string): void {
  for (const quantile of ['p50Ms', 'p95Ms'] as const) {
    const [is, exact] = [counted[quantile], read[quantile]];
    const near =
      is === null || exact === null
        ? is === exact
        : Math.abs(is - exact) <= Math.max(exact * MOST_OFF, NO_TIME_MS);
    expect({ place, quantile, is, exact, near }).toMatchObject({ near: true });
  }
  counted.hours?.forEach((hour, at) => {
    const other = read.hours?.[at];
    if (other) expectNear(hour, other, `${place} ${hour.hour}`);
  });
}

/** What the tables of counts hold, by level, and what is noted and not added yet. */
export async function countsIn(
  sql: DataSource,
): Promise<{ levels: number[]; faulty: number; noted: number }> {
  const levels = await sql.query<{ requests: number }[]>(
    'SELECT sum(count)::int AS requests FROM audit_statistics GROUP BY level ORDER BY level',
  );
  const rows = await sql.query<{ faulty: number; noted: number }[]>(
    `SELECT (SELECT count(*)::int FROM audit_statistics WHERE count <= 0 OR count <> (SELECT sum(n) FROM unnest(counts) AS n)) AS faulty,
            (SELECT count(*)::int FROM audit_statistics_pending) AS noted`,
  );
  return {
    levels: levels.map(({ requests }) => requests),
    faulty: rows[0]?.faulty ?? 0,
    noted: rows[0]?.noted ?? 0,
  };
}

/** An audit log with random events, whose counts are compared with its events. */
export class StatisticsWorld {
  readonly sql: DataSource;
  private readonly random = new Seeded(1520);

  private constructor(
    readonly database: TestDatabase,
    readonly audit: AuditApp,
  ) {
    this.sql = audit.app.get(DataSource);
  }

  static async start(): Promise<StatisticsWorld> {
    const database = await createTestDatabase();
    return new StatisticsWorld(database, await startAuditApp(database.url));
  }

  async stop(): Promise<void> {
    await this.audit.close();
    await this.database.drop();
  }

  async write(count: number): Promise<void> {
    for (let n = 0; n < count; n++) this.audit.audit.record(randomEvent(this.random, this.audit.clock.now()));
    await this.audit.audit.flush();
  }

  /** Times on the borders of hours and within them, and each filter. Answers the number of all requests. */
  async expectAllTheSame(): Promise<number> {
    const now = this.audit.clock.now();
    const start = Math.floor((now - (DAYS + 1) * DAY) / HOUR) * HOUR;
    const all = between(start, start + (DAYS + 3) * DAY);
    for (const filter of [
      'decision=denied',
      'decision=forwarded',
      'reason=token_revoked',
      'application=jira',
    ])
      await expectSameFigures(this.audit, `${all}&${filter}`);
    for (const user of ['ALICE', 'jürgen', "o'hara", 'user3', 'nobody'])
      await expectSameFigures(this.audit, `${all}&user=${encodeURIComponent(user)}`);
    await expectSameFigures(this.audit, `${all}&user=alice&application=jira&decision=denied`);
    for (let round = 0; round < 8; round++) {
      const from = start + this.random.below(DAYS * DAY);
      await expectSameFigures(
        this.audit,
        between(from, from + this.random.below(this.random.pick([HOUR, 2 * DAY]))),
      );
    }
    await expectSameFigures(
      this.audit,
      `${between(start + DAY + MINUTE, now - 7 * HOUR)}&application=jira&user=bob`,
    );
    return expectSameFigures(this.audit, all);
  }

  async requests(): Promise<number> {
    const rows = await this.sql.query<{ count: number }[]>(
      "SELECT count(*)::int AS count FROM audit_events WHERE category = 'request'",
    );
    return rows[0]?.count ?? 0;
  }

  /** Nothing is left to add or to count anew, and every level holds every request. */
  async expectMerged(): Promise<void> {
    expect(await this.audit.app.get(AuditRollupRepository).uncountedDays()).toEqual([]);
    await this.audit.app.get(AuditRollups).merge();
    const count = await this.requests();
    const levels = count === 0 ? [] : [count, count];
    expect(await countsIn(this.sql)).toEqual({ levels, faulty: 0, noted: 0 });
  }
}
