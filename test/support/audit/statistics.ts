import type { DataSource } from 'typeorm';
import type { AuditApp } from './audit-app.js';

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
