import { randomInt } from 'node:crypto';
import { startTestRestgate } from '../../support/restgate.js';
import type { TestRestgate } from '../../support/restgate.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';
import { TEST_REDIS_URL } from '../../support/rate-limit/redis.js';

interface Step {
  step: string;
  outcome: string;
  detail: string | null;
}

/** Counts in Redis outlive a test run: each run has its own addresses. */
const [a, b] = [randomInt(1, 255), randomInt(1, 255)];
const FLOODED = `2001:db8:${a}:${b}`;
const v4 = (host: number): string => `10.${a}.${b}.${host}`;
/** In the public catalogue. */
const PUBLIC = '/rest/api/2/serverInfo';
const hour = { value: 1, unit: 'hour' };

/** The storages that there are here: always the process; Redis when TEST_REDIS_URL names one. */
const storages: [string, Record<string, string>][] = [['in the process', {}]];
if (TEST_REDIS_URL !== undefined) storages.push(['in Redis', { REDIS_URL: TEST_REDIS_URL }]);

describe.each(storages)('rate limits of callers without a credential, counted %s', (_, env) => {
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
    // So that a test can call from any address.
    const reverseProxy = { enabled: true, header: 'X-Forwarded-For', trustedProxies: ['127.0.0.1'] };
    await gateway.admin.call('PUT', '/restrictions/ip', { enabled: false, allowed: [], reverseProxy });
  }, 60_000);

  afterAll(async () => {
    for (const node of nodes.slice(1)) await node.stop();
    await world.stop();
  });

  const limits = (change: object): Promise<unknown> =>
    world.gateway.admin.call('PUT', '/rate-limit', { enabled: true, window: hour, ...change });
  const askAsNobody = (address = '127.0.0.1', node = world.gateway): Promise<Response> =>
    fetch(`${node.url}/jira${PUBLIC}`, { headers: { 'X-Forwarded-For': address } });
  /** Waits until a node knows whether calls without a credential are covered; costs the probe's address one. */
  const covered = async (node: TestRestgate, expected: boolean): Promise<void> => {
    while ((await askAsNobody(v4(250), node)).headers.has('ratelimit') !== expected)
      await new Promise((resolve) => setTimeout(resolve, 50));
  };

  it('count nothing without a credential, unless calls without one are covered', async () => {
    await limits({ requests: 1 });
    await Promise.all(nodes.map((node) => covered(node, false)));
    for (let i = 0; i < 3; i++) {
      const answer = await askAsNobody();
      expect([answer.status, answer.headers.get('ratelimit')]).toEqual([200, null]);
    }
  });

  it('L-03 count calls without a credential by address, over all nodes, an IPv6 address by its /64', async () => {
    await limits({ requests: 4, credentials: ['none'] });
    await Promise.all(nodes.map((node) => covered(node, true)));
    const before = world.jira.requestsTo(PUBLIC).length;
    const answers = [];
    for (let i = 0; i < 6; i++)
      answers.push(await askAsNobody(`${FLOODED}::${i + 1}`, nodes[i % nodes.length]));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 429, 429]);
    expect(world.jira.requestsTo(PUBLIC).length - before).toBe(4);
    const left = answers.map(({ headers }) => headers.get('x-ratelimit-remaining'));
    expect(left).toEqual(['3', '2', '1', '0', '0', '0']);
    const [, , , , refused] = answers;
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(3500);
    expect(refused?.headers.get('ratelimit-policy')).toBe('"default";q=4;w=3600');
    expect(await refused?.json()).toMatchObject({
      code: 'rate_limited',
      hint: expect.stringContaining('token'),
    });
    expect((await askAsNobody(`2001:db8:${a}:${b + 300}::1`)).status).toBe(200);
    expect((await askAsNobody(v4(77))).status).toBe(200);
    const { items } = await world.gateway.admin.call<{ items: Record<string, unknown>[] }>(
      'GET',
      '/rate-limit/usage?limit=500',
    );
    const seen = items.find(({ address }) => address === `${FLOODED}::/64`);
    expect(seen).toMatchObject({ kind: 'none', user: null, tokenId: null, status: 'over', used: 4 });
  });

  it('let exactly 100 of 200 parallel calls without a credential through, over all nodes', async () => {
    await limits({ requests: 100, credentials: ['none'] });
    await Promise.all(nodes.map((node) => covered(node, true)));
    const asked = Array.from({ length: 200 }, (_unused, i) => askAsNobody(v4(100), nodes[i % nodes.length]));
    const statuses = (await Promise.all(asked)).map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array<number>(100).fill(200), ...Array<number>(100).fill(429)]);
  }, 60_000);

  it('are shown by explain for calls without a credential, as the step after the one that lets them through', async () => {
    await limits({ requests: 2, credentials: ['none'] });
    await Promise.all(nodes.map((node) => covered(node, true)));
    const explain = (path: string): Promise<{ decision: string; reason: string | null; steps: Step[] }> =>
      world.gateway.admin.call('POST', '/decisions', { application: 'jira', path, clientIp: v4(200) });
    const free = await explain(PUBLIC);
    expect(free).toMatchObject({ decision: 'forward', reason: null, kind: 'anonymous' });
    expect(free.steps.slice(-2)).toMatchObject([
      { step: 'public-api', outcome: 'forward' },
      { step: 'rate-limit', outcome: 'continue', detail: '2 of 2 requests in 3600 s are left.' },
    ]);
    const closed = await explain('/rest/api/2/myself');
    expect(closed).toMatchObject({ decision: 'deny', reason: 'authentication_required' });
    expect(closed.steps.at(-1)).toMatchObject({ step: 'public-api' });
    for (let i = 0; i < 2; i++) expect((await askAsNobody(v4(200))).status).toBe(200);
    const full = await explain(PUBLIC);
    expect(full).toMatchObject({ decision: 'deny', reason: 'rate_limited' });
    expect(full.steps.at(-1)).toMatchObject({ step: 'rate-limit', outcome: 'deny', reason: 'rate_limited' });
    expect((await askAsNobody(v4(200))).status).toBe(429);
  });

  it('leave bypassed calls, sessions and application links to the application', async () => {
    const all = ['api-token', 'oauth', 'pat', 'basic', 'oauth1', 'session', 'none'];
    const bypass = { restricted: [], additionalPublic: [], bypass: [{ path: '/rest/bypassed/**' }] };
    await world.gateway.admin.call('PUT', '/public-api', bypass);
    await limits({ requests: 1, credentials: all });
    const calls: [string, Record<string, string>][] = [
      ['/rest/bypassed/x', {}],
      [PUBLIC, { Cookie: 'JSESSIONID=x' }],
      [PUBLIC, { Authorization: 'OAuth oauth_token="x"' }],
      ['/browse/X-1', {}],
    ];
    for (const [path, headers] of calls) {
      for (let i = 0; i < 3; i++) {
        const answer = await fetch(`${world.gateway.url}/jira${path}`, { headers, redirect: 'manual' });
        expect([path, answer.status === 429, answer.headers.get('ratelimit-policy')]).toEqual([
          path,
          false,
          null,
        ]);
      }
    }
    await world.gateway.admin.call('PUT', '/public-api', { ...bypass, bypass: [] });
  });
});
