import { auditEvent } from '../../factories/audit-event.js';
import { startAuditApp } from '../../support/audit/audit-app.js';
import type { AuditApp } from '../../support/audit/audit-app.js';
import { createTestDatabase } from '../../support/database.js';
import type { TestDatabase } from '../../support/database.js';

const SECRET = 'webhook-secret-of-the-admin';

describe('the settings of the audit log', () => {
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

  it('begin with 90 days, hourly, switched on', async () => {
    const { status, json, headers } = await audit.call('GET', '/audit/settings');
    expect(status).toBe(200);
    expect(headers['etag']).toBe('"0"');
    expect(json).toEqual({
      enabled: true,
      retention: { days: 90, entries: null },
      schedule: '0 * * * *',
      sinks: { stdout: false, webhook: null, syslog: null },
      spill: { maxMegabytes: 2048, whenFull: 'drop-oldest' },
      lastRun: null,
    });
  });

  it('can be read, changed and sent back whole', async () => {
    const read = (await audit.call('GET', '/audit/settings')).json;
    const sent = { ...read, retention: { days: 30, entries: 1000 }, schedule: '*/5 * * * *' };
    const { status, json, headers } = await audit.call('PUT', '/audit/settings', sent, { 'if-match': '"0"' });
    expect(status).toBe(200);
    expect(headers['etag']).toBe('"1"');
    expect(json).toEqual(sent);
    expect((await audit.call('GET', '/audit/settings')).json).toEqual(sent);
  });

  it('keep what an update leaves out', async () => {
    await audit.call('PUT', '/audit/settings', { retention: { days: null, entries: 5 } });
    const { json } = await audit.call('PUT', '/audit/settings', { enabled: false });
    expect(json).toMatchObject({ enabled: false, retention: { days: null, entries: 5 } });
  });

  it('refuse a lost update with 412', async () => {
    await audit.call('PUT', '/audit/settings', { enabled: false });
    const { status } = await audit.call('PUT', '/audit/settings', { enabled: true }, { 'if-match': '"0"' });
    expect(status).toBe(412);
  });

  it.each([
    [{ schedule: 'whenever' }, 'schedule'],
    [{ schedule: '99 * * * *' }, 'schedule'],
    [{ schedule: '* * *' }, 'schedule'],
    [{ retention: { days: 0 } }, 'retention.days'],
    [{ retention: { entries: 1.5 } }, 'retention.entries'],
    [{ enabled: 'yes' }, 'enabled'],
    [{ sinks: { webhook: { url: 'ftp://siem.test/' } } }, 'sinks.webhook.url'],
    [{ sinks: { webhook: { url: 'https://user:pw@siem.test/' } } }, 'sinks.webhook.url'],
    [{ sinks: { syslog: { host: 'log host', port: 1, protocol: 'tcp' } } }, 'sinks.syslog.host'],
    [{ sinks: { syslog: { host: 'log', port: 0, protocol: 'tcp' } } }, 'sinks.syslog.port'],
    [{ sinks: { syslog: { host: 'log', port: 514, protocol: 'sctp' } } }, 'sinks.syslog.protocol'],
    [
      { sinks: { syslog: { host: 'log', port: 514, protocol: 'udp', facility: 'local9' } } },
      'sinks.syslog.facility',
    ],
    [{ spill: { whenFull: 'panic' } }, 'spill.whenFull'],
    [{ unknownField: 1 }, 'unknownField'],
  ])('refuse %j and name the field', async (body, field) => {
    const { status, json } = await audit.call('PUT', '/audit/settings', body);
    expect(status).toBe(400);
    expect(json.errors.map((fault: { field: string }) => fault.field)).toContain(field);
  });

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://[fe80::1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://0.0.0.0/',
    'http://0xa9fea9fe/',
    'http://2852039166/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'file:///etc/passwd',
    'gopher://siem.test/',
  ])('A-01 refuse the webhook %s', async (url) => {
    const { status } = await audit.call('PUT', '/audit/settings', { sinks: { webhook: { url } } });
    expect(status).toBe(400);
  });

  it('never show the webhook secret again, not in the log of changes and not in the database', async () => {
    const webhook = { url: 'http://127.0.0.1:9/', secret: SECRET };
    const saved = await audit.call('PUT', '/audit/settings', { sinks: { webhook } });
    expect(saved.json.sinks.webhook).toEqual({ url: 'http://127.0.0.1:9/', secretSet: true });
    const kept = await audit.call('PUT', '/audit/settings', {
      sinks: { webhook: { url: 'http://127.0.0.1:8/' } },
    });
    expect(kept.json.sinks.webhook).toEqual({ url: 'http://127.0.0.1:8/', secretSet: true });
    const removed = await audit.call('PUT', '/audit/settings', {
      sinks: { webhook: { ...webhook, secret: null } },
    });
    expect(removed.json.sinks.webhook.secretSet).toBe(false);
    const events = await audit.call('GET', '/audit/events?category=admin&limit=3');
    expect(saved.text + kept.text + events.text).not.toContain(SECRET);
    expect(events.json.items[2].after.webhookSecret).toBe('changed');
  });

  it('record every change with who, before and after, in the same transaction', async () => {
    await audit.call('PUT', '/audit/settings', { retention: { days: 90 } });
    await audit.call(
      'PUT',
      '/audit/settings',
      { retention: { days: 7 } },
      { 'x-request-id': 'change-request-1' },
    );
    const { json } = await audit.call('GET', '/audit/events?category=admin&requestId=change-request-1');
    expect(json.items).toHaveLength(1);
    expect(json.items[0]).toMatchObject({
      category: 'admin',
      user: 'bootstrap-admin',
      requestId: 'change-request-1',
      target: 'audit/settings',
      before: { retention: { days: 90 } },
      after: { retention: { days: 7 } },
    });
  });

  it('leave no trace of a change that failed', async () => {
    await audit.call(
      'PUT',
      '/audit/settings',
      { enabled: false },
      { 'if-match': '"999"', 'x-request-id': 'failed-1' },
    );
    expect((await audit.call('GET', '/audit/events?requestId=failed-1')).json.items).toEqual([]);
  });

  it('switched off: requests are not recorded, changes by admins are', async () => {
    await audit.call('PUT', '/audit/settings', { enabled: false });
    audit.audit.record(auditEvent({ user: 'while-off' }));
    await audit.audit.flush();
    await audit.call('PUT', '/audit/settings', { enabled: true }, { 'x-request-id': 'on-again' });
    audit.audit.record(auditEvent({ user: 'after' }));
    await audit.audit.flush();
    const found = async (query: string): Promise<number> =>
      (await audit.call('GET', `/audit/events?${query}`)).json.items.length;
    expect([
      await found('user=while-off'),
      await found('requestId=on-again'),
      await found('user=after'),
    ]).toEqual([0, 1, 1]);
  });
});
