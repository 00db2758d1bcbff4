import { startTestRestgate } from '../../support/restgate.js';
import type { TestRestgate } from '../../support/restgate.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';
import { TEST_REDIS_URL } from '../../support/rate-limit/redis.js';

const PATH = '/jira/rest/api/2/myself';
const hour = { value: 1, unit: 'hour' };
const DEFAULTS = {
  enabled: false,
  requests: 1000,
  window: hour,
  credentials: ['api-token'],
  overrides: [],
  failedAuthentications: { perMinute: 60 },
};

/** The storages that there are here: always the process; Redis when TEST_REDIS_URL names one. */
const storages: [string, Record<string, string>][] = [['in the process', {}]];
if (TEST_REDIS_URL !== undefined) storages.push(['in Redis', { REDIS_URL: TEST_REDIS_URL }]);

describe.each(storages)('rate limits through the gateway, counted %s', (_, env) => {
  let world: World;
  let nodes: TestRestgate[];

  beforeAll(async () => {
    world = await startWorld({ env, withoutProvider: true });
    const { gateway } = world;
    const second =
      env['REDIS_URL'] === undefined
        ? []
        : [await startTestRestgate({ env, databaseUrl: gateway.databaseUrl })];
    nodes = [gateway, ...second];
  }, 60_000);

  afterAll(async () => {
    for (const node of nodes.slice(1)) await node.stop();
    await world.stop();
  });

  const limits = (change: object): Promise<Record<string, unknown>> =>
    world.gateway.admin.call('PUT', '/rate-limit', { ...DEFAULTS, enabled: true, ...change });
  const newToken = async (name: string): Promise<{ id: string; token: string }> =>
    world.gateway.admin.call('POST', '/tokens', { username: 'alice', name, scope: 'read', expiresInDays: 1 });
  const ask = async (token: string, node = world.gateway): Promise<Response> =>
    fetch(node.url + PATH, { headers: { Authorization: `Bearer ${token}` } });
  /** Waits until all nodes know what was just saved: another node may take two seconds. */
  const settled = async (token: string, policy: string): Promise<void> => {
    for (const node of nodes) {
      while ((await ask(token, node)).headers.get('ratelimit-policy') !== policy) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };

  it('let exactly 100 of 200 parallel requests through, over all nodes', async () => {
    const probe = await newToken('probe');
    const { token } = await newToken('parallel');
    await limits({ requests: 100 });
    await settled(probe.token, '"default";q=100;w=3600');
    const before = world.jira.requestsTo('/rest/api/2/myself').length;
    const asked = Array.from({ length: 200 }, (_unused, i) => ask(token, nodes[i % nodes.length]));
    const answers = await Promise.all(asked);
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array<number>(100).fill(200), ...Array<number>(100).fill(429)]);
    expect(world.jira.requestsTo('/rest/api/2/myself').length - before).toBe(100);
    await Promise.all(answers.map((answer) => answer.arrayBuffer()));
  }, 60_000);

  it('L-05 answer with the fields of the draft and of Jira, once each, and a body that Jira clients print', async () => {
    const { id, token } = await newToken('fields');
    await limits({ overrides: [{ tokenId: id, requests: 1, window: hour }] });
    const [allowed, refused] = [await ask(token), await ask(token)];
    for (const { headers } of [allowed, refused]) {
      expect(headers.get('ratelimit-policy')).toBe('"token";q=1;w=3600');
      expect(headers.get('ratelimit')).toMatch(/^"token";r=0;t=3(600|5\d\d)$/);
      expect(headers.get('x-ratelimit-limit')).toBe('1');
      expect(headers.get('x-ratelimit-remaining')).toBe('0');
      expect(headers.get('x-ratelimit-interval-seconds')).toBe('3600');
      expect(headers.get('x-ratelimit-fillrate')).toBe('1');
    }
    expect([allowed.status, refused.status]).toEqual([200, 429]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3500);
    expect(await refused.json()).toMatchObject({
      errorMessages: [expect.any(String)],
      errors: {},
      code: 'rate_limited',
    });
  });

  it('let a client succeed that waits as long as Retry-After says', async () => {
    const { id, token } = await newToken('patient');
    await limits({ overrides: [{ tokenId: id, requests: 1, window: { value: 1, unit: 'second' } }] });
    await ask(token);
    const refused = await ask(token);
    expect(refused.status).toBe(429);
    await new Promise((resolve) => setTimeout(resolve, Number(refused.headers.get('retry-after')) * 1000));
    expect((await ask(token)).status).toBe(200);
  });

  it('keep the count of a token when it is rotated', async () => {
    const { id, token } = await newToken('rotated');
    await limits({ overrides: [{ tokenId: id, requests: 2, window: hour }] });
    await ask(token);
    const next = await world.gateway.admin.call<{ token: string }>('POST', `/tokens/${id}/rotation`, {
      overlapSeconds: 60,
    });
    expect((await ask(next.token)).headers.get('x-ratelimit-remaining')).toBe('0');
    expect((await ask(next.token)).status).toBe(429);
  });

  it('count nothing when a request is only explained', async () => {
    const { id, token } = await newToken('explained');
    await limits({ overrides: [{ tokenId: id, requests: 1, window: hour }] });
    const explain = (): Promise<Record<string, unknown>> =>
      world.gateway.admin.call('POST', '/decisions', {
        application: 'jira',
        method: 'GET',
        path: '/rest/api/2/myself',
        credential: { scheme: 'bearer', token },
      });
    expect(await explain()).toMatchObject({ decision: 'forward' });
    expect((await ask(token)).status).toBe(200);
    expect(await explain()).toMatchObject({ decision: 'deny', reason: 'rate_limited' });
  });

  it('list who is over', async () => {
    const { id, token } = await newToken('over');
    await limits({ overrides: [{ tokenId: id, requests: 1, window: hour }] });
    for (let i = 0; i < 3; i++) await ask(token);
    const { items } = await world.gateway.admin.call<{ items: Record<string, unknown>[] }>(
      'GET',
      '/rate-limit/usage?limit=500',
    );
    const expected = {
      kind: 'api-token',
      user: 'alice',
      name: 'over',
      rule: 'token',
      limit: 1,
      used: 1,
      remaining: 0,
      overCount: 2,
    };
    expect(items.find(({ tokenId }) => tokenId === id)).toMatchObject({
      ...expected,
      status: 'over',
      windowSeconds: 3600,
    });
  });

  it('make an address wait that fails too often, a good token included', async () => {
    const { token } = await newToken('good');
    await limits({ enabled: false, failedAuthentications: { perMinute: 3 } });
    const bad = `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`;
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await ask(bad)).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
    const refused = await ask(token);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const names = ['limit', 'remaining', 'interval-seconds', 'fillrate'];
    expect(names.map((name) => refused.headers.get(`x-ratelimit-${name}`))).toEqual(['3', '0', '60', '3']);
    expect(refused.headers.get('ratelimit-policy')).toBe('"failed-authentications";q=3;w=60');
    expect(await refused.json()).toMatchObject({ code: 'too_many_failures' });
    await limits({ enabled: false, failedAuthentications: { perMinute: 1000 } });
    expect((await ask(token)).status).toBe(200);
  });
});

describe('the rate-limit settings', () => {
  let gateway: TestRestgate;

  beforeAll(async () => {
    gateway = await startTestRestgate();
  }, 60_000);

  afterAll(() => gateway.stop());

  it('begin with their defaults', async () => {
    const answer = await gateway.admin.send('GET', '/rate-limit');
    expect(await answer.json()).toEqual(DEFAULTS);
    expect(answer.headers.get('etag')).toBe('"0"');
  });

  it('are saved as a whole, with an ETag against lost updates', async () => {
    const overrides = [{ group: 'robots', requests: 5, window: { value: 2, unit: 'day' } }];
    const saved = await gateway.admin.send(
      'PUT',
      '/rate-limit',
      { enabled: true, overrides },
      { 'If-Match': '"0"' },
    );
    expect(await saved.json()).toEqual({ ...DEFAULTS, enabled: true, overrides });
    expect(saved.headers.get('etag')).toBe('"1"');
    expect((await gateway.admin.send('PUT', '/rate-limit', {}, { 'If-Match': '"0"' })).status).toBe(412);
    expect(await gateway.admin.call('GET', '/rate-limit')).toMatchObject({ enabled: true });
  });

  const window = { value: 1, unit: 'minute' };
  it.each<[string, object, string]>([
    ['a switch that is no boolean', { enabled: 'yes' }, 'enabled'],
    ['no requests', { requests: 0 }, 'requests'],
    ['too many requests', { requests: 1_000_000_001 }, 'requests'],
    ['a part of a request', { requests: 1.5 }, 'requests'],
    ['an unknown unit', { window: { value: 1, unit: 'week' } }, 'window.unit'],
    ['an empty window', { window: { value: 0, unit: 'hour' } }, 'window.value'],
    ['a window beyond 31 days', { window: { value: 32, unit: 'day' } }, 'window'],
    ['no window', { window: null }, 'window'],
    ['an unknown kind', { credentials: ['password'] }, 'credentials'],
    ['a kind twice', { credentials: ['pat', 'pat'] }, 'credentials'],
    ['an override for nobody', { overrides: [{ requests: 1, window }] }, 'overrides[0]'],
    ['a group that is null', { overrides: [{ group: null, requests: 1, window }] }, 'overrides[0].group'],
    [
      'a token id that is none',
      { overrides: [{ tokenId: 'x', requests: 1, window }] },
      'overrides[0].tokenId',
    ],
    ['an override without window', { overrides: [{ group: 'a', requests: 1 }] }, 'overrides[0].window'],
    [
      'more than 500 overrides',
      { overrides: Array.from({ length: 501 }, (_, i) => ({ group: `g${i}`, requests: 1, window })) },
      'overrides',
    ],
    ['no failures at all', { failedAuthentications: { perMinute: 0 } }, 'failedAuthentications.perMinute'],
    ['an unknown field', { limit: 5 }, 'limit'],
  ])('refuse %s and name the field', async (_name, body, field) => {
    const answer = await gateway.admin.send('PUT', '/rate-limit', body);
    expect(answer.status).toBe(400);
    const { errors } = (await answer.json()) as { errors: { field: string }[] };
    const normalised = errors.map((fault) => fault.field.replace(/\.(\d+)/g, '[$1]'));
    expect(normalised).toContain(field);
  });

  it('are a section of the configuration document', async () => {
    const document = await gateway.admin.call('GET', '/configuration');
    expect(document).toMatchObject({ rateLimit: { enabled: true, requests: 1000, window: hour } });
  });
});
