import { rawRequest } from '../../support/raw-http.js';
import { TEST_ADMIN_TOKEN } from '../../support/restgate.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const PATH = '/jira/rest/api/2/myself';
const ME = ['127.0.0.1'];
const behindMe = { enabled: true, header: 'X-Forwarded-For', trustedProxies: [...ME, '10.9.0.0/24'] };
const listed = {
  enabled: true,
  allowed: ['203.0.113.0/24', '2001:db8:1::/48', ...ME],
  reverseProxy: behindMe,
};

describe('the restrictions on the data plane', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
  }, 60_000);

  beforeEach(() => allow({}));

  afterAll(() => world.stop());

  const allow = (settings: object): Promise<unknown> =>
    world.gateway.admin.call('PUT', '/restrictions/ip?confirm=true', settings);
  const groups = (settings: object): Promise<unknown> =>
    world.gateway.admin.call('PUT', '/restrictions/groups', settings);

  /** Sends fields as they are, repeated ones included, which no client does. */
  async function status(fields: readonly string[], path = PATH): Promise<number> {
    const lines = [
      `GET ${path} HTTP/1.1`,
      'Host: gw.test',
      `Authorization: Bearer ${await world.tokenOf('alice')}`,
    ];
    for (let i = 0; i < fields.length; i += 2) lines.push(`${fields[i]}: ${fields[i + 1]}`);
    const answer = await rawRequest({ port: world.gateway.port }, [...lines, '', ''].join('\r\n'));
    return answer.status;
  }

  it('I-01 refuse an address that an untrusted peer claims, and tell the application the real one', async () => {
    const claimed = ['X-Forwarded-For', '203.0.113.7'];
    await allow({
      ...listed,
      allowed: ['203.0.113.0/24'],
      reverseProxy: { ...behindMe, trustedProxies: ['10.9.0.2'] },
    });
    expect(await status(claimed)).toBe(403);
    await allow({ ...listed, reverseProxy: { ...behindMe, trustedProxies: ['10.9.0.2'] } });
    expect(await status(claimed)).toBe(200);
    expect(world.jira.requestsTo('/rest/api/2/myself').at(-1)?.header('x-forwarded-for')).toEqual(ME);
  });

  it('I-03 take several field lines as one list', async () => {
    await allow(listed);
    expect(await status(['X-Forwarded-For', '203.0.113.7', 'X-Forwarded-For', '198.51.100.9'])).toBe(403);
    expect(await status(['X-Forwarded-For', '198.51.100.9', 'X-Forwarded-For', '203.0.113.7'])).toBe(200);
  });

  it('I-05 cannot be told a number of hops to trust, and believe nobody then', async () => {
    await allow({ enabled: true, allowed: ['203.0.113.0/24'] });
    const body = JSON.stringify({
      enabled: true,
      allowed: ['203.0.113.0/24'],
      reverseProxy: { enabled: true, trustedHops: 1 },
    });
    const change = [
      'PUT /restgate/api/v1/restrictions/ip?confirm=true HTTP/1.1',
      `Host: 127.0.0.1:${world.gateway.port}`,
      `Authorization: Bearer ${TEST_ADMIN_TOKEN}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
    const refused = await rawRequest({ port: world.gateway.port }, change);
    expect(refused.status).toBe(400);
    expect(JSON.parse(refused.body.toString())).toMatchObject({
      code: 'invalid_request',
      errors: expect.arrayContaining([
        expect.objectContaining({ field: 'reverseProxy.trustedHops' }),
      ]) as unknown,
    });
    expect(await status(['X-Forwarded-For', '203.0.113.7'])).toBe(403);
  });

  it.each([
    ['0.0.0.0/0', '198.51.100.9', 200],
    ['0.0.0.0/0', '2001:db8::1', 403],
    ['0.0.0.0/0', '::1', 403],
    ['0.0.0.0/0', '::ffff:198.51.100.9', 200],
    ['::/0', '2001:db8::1', 200],
    ['::/0', '198.51.100.9', 403],
    ['::/0', '::ffff:198.51.100.9', 403],
    ['::ffff:0:0/96', '198.51.100.9', 200],
    ['::ffff:0:0/96', '2001:db8::1', 403],
    ['192.0.2.1/32', '192.0.2.1', 200],
    ['192.0.2.1/32', '192.0.2.2', 403],
    ['192.0.2.0/31', '192.0.2.1', 200],
    ['192.0.2.0/31', '192.0.2.2', 403],
  ])('I-15 the range %s and the client %s: %s', async (range, client, expected) => {
    await allow({ ...listed, allowed: [range] });
    expect(await status(['X-Forwarded-For', client])).toBe(expected);
  });

  it.each([
    ['I-07 allow IPv6 in brackets with a port', '[2001:db8:1::5]:443', 200],
    ['I-09 refuse a zone id', 'fe80::1%eth0', 403],
    ['refuse what is no address', 'unknown', 403],
    ['allow a listed address behind two trusted proxies', '203.0.113.7, 10.9.0.3', 200],
    ['refuse another address behind them', '203.0.113.7, 198.51.100.9, 10.9.0.3', 403],
  ])('%s', async (_title, value, expected) => {
    await allow(listed);
    expect(await status(['X-Forwarded-For', value])).toBe(expected);
  });

  it('I-11 refuse a trusted proxy that sends no header, although the proxy itself is listed', async () => {
    await allow(listed);
    expect(await status([])).toBe(403);
  });

  it('I-13 look at the configured header only', async () => {
    await allow(listed);
    const others = ['X-Real-IP', 'True-Client-IP', 'CF-Connecting-IP'].flatMap((name) => [
      name,
      '203.0.113.7',
    ]);
    expect(await status(others)).toBe(403);
    expect([400, 403]).toContain(await status(['X_Forwarded_For', '203.0.113.7', ...others]));
  });

  it('never send the header that carries the address on: the application may believe it', async () => {
    const upstream = (): string[] | undefined =>
      world.jira.requestsTo('/rest/api/2/myself').at(-1)?.header('X-Edge-Client');
    await allow({});
    expect(await status(['X-Edge-Client', '203.0.113.7'])).toBe(200);
    expect(upstream()).toEqual(['203.0.113.7']);
    const reverseProxy = { enabled: true, header: 'X-Edge-Client', trustedProxies: ['10.9.0.2'] };
    await allow({ reverseProxy });
    expect(await status(['X-Edge-Client', '203.0.113.7'])).toBe(200);
    expect(upstream()).toEqual([]);
    expect(await status(['X_Edge_Client', '203.0.113.7'])).toBe(400);
    await allow({ reverseProxy: { ...reverseProxy, trustedProxies: ME } });
    expect(await status(['X-Edge-Client', '203.0.113.7'])).toBe(200);
    expect(upstream()).toEqual([]);
    const last = world.jira.requestsTo('/rest/api/2/myself').at(-1);
    expect(last?.header('X-Forwarded-For')).toEqual(['203.0.113.7']);
  });

  it('hold for anonymous and bypassed calls too', async () => {
    await world.gateway.admin.call('PUT', '/public-api', {
      bypass: [{ methods: ['GET'], path: '/rest/api/2/myself' }],
    });
    const bypassed = await world.fetch(PATH);
    await allow({ enabled: true, allowed: ['203.0.113.7'] });
    const [refused, anonymous] = await Promise.all([
      world.fetch(PATH),
      world.fetch('/jira/rest/api/2/serverInfo'),
    ]);
    await world.gateway.admin.call('PUT', '/public-api', {});
    // The application itself refuses it: Restgate did not.
    expect(await bypassed.text()).not.toContain('authentication_required');
    expect([refused.status, anonymous.status]).toEqual([403, 403]);
    expect(await refused.text()).toContain('ip_not_allowed');
  });

  it('refuse users of no API access group, and writes of read-only users', async () => {
    await groups({ apiAccess: { enabled: true, groups: ['Developers'] } });
    const others = await world.fetch(PATH, 'rita');
    const member = await world.fetch(PATH, 'alice');
    await groups({ readOnly: { enabled: true, groups: ['readers'] } });
    const read = await world.fetch(PATH, 'rita');
    const write = await world.fetch('/jira/rest/api/2/issue', 'rita', { method: 'POST', body: '{}' });
    await groups({});
    expect([others.status, member.status, read.status, write.status]).toEqual([403, 200, 200, 403]);
    expect(await others.text()).toContain('group_not_allowed');
    expect(await write.text()).toContain('read_only_user');
  });

  it('report in report mode who would be refused, and refuse nobody', async () => {
    await groups({ apiAccess: { enabled: true, groups: ['Developers'] }, mode: 'report' });
    const answer = await world.fetch(PATH, 'rita');
    await groups({});
    expect(answer.status).toBe(200);
    const item = { reason: 'group_not_allowed', user: 'rita', application: 'jira', count: 1 };
    await expect(reported()).resolves.toContainEqual(expect.objectContaining(item));
  });

  /** The report, once the audit log was written. */
  async function reported(): Promise<unknown[]> {
    for (let i = 0; ; i++) {
      const { items } = await world.gateway.admin.call<{ items: unknown[] }>(
        'GET',
        '/restrictions/groups/report',
      );
      if (items.length > 0 || i === 100) return items;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
});
