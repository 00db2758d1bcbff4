import { AUDIT_QUERIES } from '../../../src/modules/audit/audit.port.js';
import type { AuditQueriesPort } from '../../../src/modules/audit/audit.port.js';
import { auditEvent, deniedEvent } from '../../factories/audit-event.js';
import { startAuditApp } from '../../support/audit/audit-app.js';
import type { AuditApp } from '../../support/audit/audit-app.js';
import { createTestDatabase } from '../../support/database.js';
import type { TestDatabase } from '../../support/database.js';

const HOUR = 3_600_000;

/** Durations are kept in buckets that are 10 % wide. */
function expectNear(duration: number, exact: number): void {
  expect(Math.abs(duration - exact)).toBeLessThanOrEqual(exact / 10);
}

describe('exports, statistics and reports of the audit log', () => {
  let database: TestDatabase;
  let audit: AuditApp;

  beforeAll(async () => {
    database = await createTestDatabase();
    audit = await startAuditApp(database.url);
  });

  afterAll(async () => {
    await audit.close();
    await database.drop();
  });

  it('exports everything that matches, also what is larger than a page, as NDJSON', async () => {
    for (let n = 0; n < 2500; n++) audit.audit.record(auditEvent({ user: 'exported', requestId: `n-${n}` }));
    await audit.audit.flush();
    const { status, headers, text } = await audit.call(
      'GET',
      '/audit/events/export?format=ndjson&user=exported',
    );
    expect([status, headers['content-type'], headers['x-content-type-options']]).toEqual([
      200,
      'application/x-ndjson',
      'nosniff',
    ]);
    const lines = text.trimEnd().split('\n');
    expect(new Set(lines.map((line) => (JSON.parse(line) as { requestId: string }).requestId)).size).toBe(
      2500,
    );
  });

  it('A-05 exports CSV in which no cell is a formula', async () => {
    audit.audit.record(
      auditEvent({ user: '=cmd|calc', userAgent: '@SUM(1)', path: '/a,"b"', requestId: '+1' }),
    );
    await audit.audit.flush();
    const { headers, text } = await audit.call('GET', '/audit/events/export?format=csv&user=%3Dcmd%7Ccalc');
    expect(headers['content-disposition']).toBe('attachment; filename="restgate-audit.csv"');
    const [head, line] = text.split('\r\n');
    expect(head?.split(',').slice(0, 4)).toEqual(['id', 'time', 'requestId', 'category']);
    expect(line).toContain(`"'=cmd|calc"`);
    expect(line).toContain(`"'@SUM(1)"`);
    expect(line).toContain(`"'+1"`);
    expect(line).toContain('"/a,""b"""');
  });

  it('A-03 answers markup as JSON or as a file, never as a page', async () => {
    const event = auditEvent({ user: '<img src=x onerror=alert(1)>' });
    audit.audit.record(event);
    await audit.audit.flush();
    const { headers, json } = await audit.call('GET', `/audit/events/${event.id}`);
    expect(headers['content-type']).toContain('application/json');
    expect(json.user).toBe('<img src=x onerror=alert(1)>');
  });

  it('refuses faulty filters of an export before the file begins', async () => {
    const { status } = await audit.call('GET', '/audit/events/export?format=csv&ip=x');
    expect(status).toBe(400);
  });

  it('counts by decision, reason, user and application, per hour and in all, with durations', async () => {
    const start = Date.parse('2026-11-20T08:00:00Z');
    for (let n = 0; n < 100; n++)
      audit.audit.record(auditEvent({ time: start + n, user: 'stat', durationMs: n + 1 }));
    for (let n = 0; n < 5; n++) {
      audit.audit.record(
        deniedEvent({ time: start + HOUR + n, user: 'stat2', application: 'confluence', durationMs: 2 }),
      );
    }
    await audit.audit.flush();
    const { json } = await audit.call(
      'GET',
      '/audit/statistics?from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z',
    );
    expect(json).toMatchObject({
      total: 105,
      decisions: [
        { value: 'forwarded', count: 100 },
        { value: 'denied', count: 5 },
      ],
      reasons: [{ value: 'group_not_allowed', count: 5 }],
      users: [
        { value: 'stat', count: 100 },
        { value: 'stat2', count: 5 },
      ],
      applications: [
        { value: 'jira', count: 100 },
        { value: 'confluence', count: 5 },
      ],
    });
    expect(json.hours).toHaveLength(2);
    expect(json.hours[0]).toMatchObject({ hour: '2026-11-20T08:00:00.000Z', total: 100 });
    expectNear(json.hours[0].p50Ms, 50.5);
    expectNear(json.hours[0].p95Ms, 95.05);
    expect(json.hours[1]).toMatchObject({ total: 5, decisions: [{ value: 'denied', count: 5 }] });
    expectNear(json.hours[1].p50Ms, 2);
  });

  it('gives exact durations where a filter makes it read the events', async () => {
    const { json } = await audit.call(
      'GET',
      '/audit/statistics?from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z&path=/rest',
    );
    expect(json.hours[0]).toMatchObject({ total: 100, p50Ms: 50.5, p95Ms: 95.05 });
    expect(json.hours[1]).toMatchObject({ total: 5, p50Ms: 2 });
  });

  it('counts nothing where nothing is, and refuses a time that is too long', async () => {
    const empty = await audit.call('GET', '/audit/statistics?from=2020-01-01&to=2020-01-02');
    expect(empty.json).toMatchObject({ total: 0, decisions: [], hours: [], p50Ms: null });
    expect((await audit.call('GET', '/audit/statistics?from=2020-01-01&to=2021-01-02')).status).toBe(400);
  });

  it('tells who would be refused by rules in report mode', async () => {
    const wouldDeny = ['group_not_allowed', 'ip_not_allowed'];
    const last = auditEvent({ user: 'carol', wouldDeny, path: '/rest/last' });
    audit.audit.record(auditEvent({ user: 'carol', wouldDeny, time: Date.now() - HOUR }));
    audit.audit.record(
      auditEvent({ user: 'dave', wouldDeny: ['group_not_allowed'], time: Date.now() - 40 * 24 * HOUR }),
    );
    audit.audit.record(last);
    await audit.audit.flush();
    const report = await audit.app.get<AuditQueriesPort>(AUDIT_QUERIES).wouldDenyReport(30, wouldDeny);
    expect(report).toHaveLength(2);
    expect(report.find(({ reason }) => reason === 'ip_not_allowed')).toMatchObject({
      user: 'carol',
      application: 'jira',
      credentialKind: 'api-token',
      count: 2,
      lastEventId: last.id,
      lastMethod: 'GET',
      lastPath: '/rest/last',
      pathCount: 2,
      clients: [
        { credentialName: 'nightly build', clientIp: '203.0.113.7', userAgent: 'curl/8.5.0', count: 2 },
      ],
      clientCount: 1,
    });
  });

  it('names the ten most frequent paths and clients of whom rules in report mode would refuse', async () => {
    const wouldDeny = ['read_only_user'];
    const calls = Array.from({ length: 12 }, (_, i) =>
      Array.from({ length: i + 1 }, () =>
        auditEvent({
          user: undefined,
          wouldDeny,
          path: `/rest/${i}`,
          userAgent: i === 0 ? undefined : `bot/${i % 2}`,
        }),
      ),
    ).flat();
    for (const call of calls) audit.audit.record(call);
    await audit.audit.flush();
    const report = await audit.app.get<AuditQueriesPort>(AUDIT_QUERIES).wouldDenyReport(30, wouldDeny);
    expect(report).toHaveLength(1);
    const [entry] = report;
    expect(entry).toMatchObject({ user: null, count: 78, pathCount: 12, clientCount: 3 });
    expect(entry?.paths).toHaveLength(10);
    expect(entry?.paths[0]).toEqual({ method: 'GET', path: '/rest/11', count: 12 });
    expect(entry?.clients.map(({ userAgent, count }) => [userAgent, count])).toEqual([
      ['bot/1', 42],
      ['bot/0', 35],
      [null, 1],
    ]);
  });

  it('gives other features an event by its id', async () => {
    const event = auditEvent({ user: 'erin', query: '?token=x' });
    audit.audit.record(event);
    await audit.audit.flush();
    const queries = audit.app.get<AuditQueriesPort>(AUDIT_QUERIES);
    expect(await queries.findEvent(event.id)).toMatchObject({
      id: event.id,
      user: 'erin',
      query: 'token=[redacted]',
      time: event.time,
    });
    expect(await queries.findEvent('nonsense')).toBeUndefined();
  });

  it('keeps admin events that were recorded as such while requests are switched off', async () => {
    await audit.call('PUT', '/audit/settings', { enabled: false });
    const event = auditEvent({ category: 'admin', target: 'sign-in', user: 'frank' });
    audit.audit.record(event);
    await audit.audit.flush();
    expect((await audit.call('GET', `/audit/events/${event.id}`)).status).toBe(200);
  });

  it.each([
    ['GET', '/audit/events'],
    ['GET', '/audit/statistics'],
    ['GET', '/audit/events/export'],
    ['GET', '/audit/settings'],
    ['PUT', '/audit/settings'],
    ['POST', '/audit/prune'],
  ] as const)('refuses %s %s without a credential', async (method, path) => {
    const { status } = await audit.call(method, path, method === 'PUT' ? {} : undefined, {
      authorization: '',
    });
    expect(status).toBe(401);
  });
});
