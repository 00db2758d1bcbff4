import type { AuditEvent } from '../../../src/modules/audit/audit.port.js';
import { auditEvent, deniedEvent } from '../../factories/audit-event.js';
import { startAuditApp } from '../../support/audit/audit-app.js';
import type { AuditApp } from '../../support/audit/audit-app.js';
import { createTestDatabase } from '../../support/database.js';
import type { TestDatabase } from '../../support/database.js';

const START = Date.parse('2026-11-21T10:00:00.000Z');

describe('reading the audit log', () => {
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

  async function keep(...events: AuditEvent[]): Promise<void> {
    for (const event of events) audit.audit.record(event);
    await audit.audit.flush();
  }

  it('shows an event with every field of the contract', async () => {
    const event = deniedEvent({
      wouldDeny: ['ip_not_allowed'],
      credentialProvider: 'keycloak',
      detail: 'not in jira-users',
    });
    await keep(event);
    const { status, json } = await audit.call('GET', `/audit/events/${event.id}`);
    expect(status).toBe(200);
    expect(json).toEqual({
      id: event.id,
      time: new Date(event.time).toISOString(),
      requestId: event.requestId,
      category: 'request',
      decision: 'denied',
      reason: 'group_not_allowed',
      detail: 'not in jira-users',
      application: 'jira',
      method: 'GET',
      path: '/rest/api/2/issue/ABC-1',
      query: 'fields=summary',
      status: 403,
      user: 'alice',
      credential: { kind: 'api-token', id: event.credentialId, name: 'nightly build', provider: 'keycloak' },
      clientIp: '203.0.113.7',
      peerIp: '10.0.0.1',
      userAgent: 'curl/8.5.0',
      durationMs: 12.346,
      upstreamMs: null,
      requestBytes: 0,
      responseBytes: 2048,
      configVersion: 3,
      wouldDeny: ['ip_not_allowed'],
    });
  });

  it('answers 404 for an event that does not exist and 400 for what is no id', async () => {
    const missing = await audit.call('GET', '/audit/events/0193a3c0-0000-7000-8000-000000000000');
    const faulty = await audit.call('GET', '/audit/events/nonsense');
    expect([missing.status, faulty.status]).toEqual([404, 400]);
  });

  const FILTERS: [string, Partial<AuditEvent>, Partial<AuditEvent>, string][] = [
    ['user, in any case', { user: 'Filter.User' }, { user: 'filter.user2' }, 'user=FILTER.user'],
    ['application', { application: 'app-one' }, { application: 'app-two' }, 'application=app-one'],
    ['decision', { decision: 'bypassed' }, { decision: 'session' }, 'decision=bypassed'],
    ['reason', { reason: 'token_expired' }, { reason: 'token_revoked' }, 'reason=token_expired'],
    ['kind of credential', { credentialKind: 'pat' }, { credentialKind: 'oauth' }, 'credential=pat'],
    ['id of a credential', { credentialId: 'tok-1' }, { credentialId: 'tok-2' }, 'credential=tok-1'],
    ['status', { status: 418 }, { status: 419 }, 'status=418'],
    ['class of status', { status: 502 }, { status: 404 }, 'status=5xx'],
    ['address', { clientIp: '198.51.100.4' }, { clientIp: '198.51.100.40' }, 'ip=198.51.100.4'],
    ['range of addresses', { clientIp: '192.0.2.200' }, { clientIp: '192.0.3.1' }, 'ip=192.0.2.0%2F24'],
    ['IPv6 range', { clientIp: '2001:db8:1::5' }, { clientIp: '2001:db8:2::5' }, 'ip=2001:db8:1::%2F48'],
    ['text in the path', { path: '/rest/api/2/Search_x' }, { path: '/rest/api/2/searchyx' }, 'path=search_X'],
    ['pattern of the path', { path: '/wiki/rest/space/one' }, { path: '/wiki/rest/page' }, 'path=wiki*space'],
    ['method', { method: 'PROPFIND' }, { method: 'PURGE' }, 'method=propfind'],
    ['request id', { requestId: 'req-77' }, { requestId: 'req-78' }, 'requestId=req-77'],
  ];

  it.each(FILTERS)('filters by %s', async (_name, wanted, other, query) => {
    const match = auditEvent(wanted);
    await keep(match, auditEvent(other));
    const { json } = await audit.call('GET', `/audit/events?${query}`);
    expect(json.items.map((item: { id: string }) => item.id)).toEqual([match.id]);
  });

  it('filters by time: from is included, to is not', async () => {
    const times = [-1, 0, 999, 1000].map((offset) =>
      auditEvent({ time: START - 86_400_000 + offset, user: 'timed' }),
    );
    await keep(...times);
    const { json } = await audit.call(
      'GET',
      '/audit/events?user=timed&from=2026-11-20T10:00:00Z&to=2026-11-20T10:00:01Z',
    );
    expect(json.items.map((item: { id: string }) => item.id)).toEqual([times[2]?.id, times[1]?.id]);
  });

  it.each([
    'ip=1.2.3',
    'ip=10.0.0.0/33',
    'status=9xx',
    'from=yesterday',
    'decision=maybe',
    'limit=0',
    'limit=501',
    'cursor=x',
    'nonsense=1',
  ])('refuses the filter %s with 400', async (query) => {
    const { status, json } = await audit.call('GET', `/audit/events?${query}`);
    expect([status, json.code]).toEqual([400, 'invalid_request']);
  });

  it('pages through all events without a gap or a repeat while new ones come in', async () => {
    const events = Array.from({ length: 25 }, (_unused, at) =>
      auditEvent({ user: 'pager', time: START + Math.floor(at / 3) }),
    );
    await keep(...events);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { json } = await audit.call('GET', `/audit/events?user=pager&limit=4${page}`);
      seen.push(...json.items.map((item: { id: string }) => item.id));
      cursor = json.nextCursor;
      await keep(auditEvent({ user: 'pager', time: START + 60_000 + seen.length }));
    } while (cursor !== null);
    expect(seen).toHaveLength(25);
    expect(new Set(seen)).toEqual(new Set(events.map(({ id }) => id)));
  });

  it('keeps an event once, however often it is delivered', async () => {
    const event = auditEvent({ user: 'twice' });
    await keep(event, event);
    const { json } = await audit.call('GET', '/audit/events?user=twice');
    expect(json.items).toHaveLength(1);
  });
});
