import { startCrowd, type CrowdStandIn } from '../../support/crowd.js';
import { newSigningKey, toJwk } from '../../support/oidc/jwt.js';
import { startFakeProvider, type FakeProvider } from '../../support/oidc/fake-provider.js';
import { parseResponses, rawRequest, sendSlowly } from '../../support/raw-http.js';

describe('the Crowd stand-in', () => {
  let crowd: CrowdStandIn;
  beforeAll(async () => {
    crowd = await startCrowd();
  });
  afterAll(() => crowd.close());

  function ask(
    path: string,
    password = crowd.applicationPassword,
    init: RequestInit = {},
  ): Promise<Response> {
    const authorization = `Basic ${Buffer.from(`${crowd.applicationName}:${password}`).toString('base64')}`;
    return fetch(`${crowd.url}/rest/usermanagement/1${path}`, { ...init, headers: { authorization } });
  }

  it('knows the application, not its users', async () => {
    expect((await ask('/user?username=alice', 'wrong')).status).toBe(401);
    expect(await (await ask('/user?username=ALICE')).json()).toMatchObject({ name: 'alice', active: true });
    expect((await ask('/user?username=nobody')).status).toBe(404);
  });

  it('finds by e-mail and by name, and refuses other restrictions', async () => {
    const found = await ask(
      `/search?entity-type=user&expand=user&restriction=${encodeURIComponent('email="rita@example.com"')}`,
    );
    expect(await found.json()).toMatchObject({ users: [{ name: 'rita', email: 'rita@example.com' }] });
    expect((await ask('/search?entity-type=user&restriction=anything')).status).toBe(400);
  });

  it('gives nested groups', async () => {
    const answer = await ask('/user/group/nested?username=rita&start-index=0&max-results=-1&expand=group');
    expect(await answer.json()).toMatchObject({ groups: [{ name: 'readers' }, { name: 'staff' }] });
    expect(await (await ask('/user/group/direct?username=rita')).json()).toMatchObject({
      groups: [{ name: 'readers' }],
    });
  });

  it('opens sessions without a password, but not for inactive users', async () => {
    const open = (username: string) =>
      ask('/session?validate-password=false', undefined, {
        method: 'POST',
        body: JSON.stringify({ username }),
      });
    const { token } = (await (await open('alice')).json()) as { token: string };
    expect(crowd.sessionUser(token)).toBe('alice');
    expect((await open('ivan')).status).toBe(400);
  });
});

describe('the scripted provider', () => {
  let fake: FakeProvider;
  beforeEach(async () => {
    fake = await startFakeProvider();
  });
  afterEach(() => fake.close());

  it('gives scripted answers in turn and counts', async () => {
    fake.on('/introspect', { status: 500 }, { body: { active: true } });
    const statuses = [];
    for (let round = 0; round < 3; round += 1)
      statuses.push((await fetch(`${fake.url}/introspect?x=1`)).status);
    expect([statuses, fake.count('/introspect')]).toEqual([[500, 200, 200], 3]);
    expect((await fetch(`${fake.url}/other`)).status).toBe(404);
  });

  it('answers by what it was asked', async () => {
    fake.on('/introspect', (request) => ({ body: { active: request.body.includes('good') } }));
    const ask = async (body: string) =>
      (await fetch(`${fake.url}/introspect`, { method: 'POST', body })).json();
    expect([await ask('token=good'), await ask('token=bad')]).toEqual([{ active: true }, { active: false }]);
  });

  it.each(['close', 'reset', 'half'] as const)('%s breaks the answer', async (action) => {
    fake.on('/x', { action, body: 'long enough to be cut' });
    await expect(fetch(`${fake.url}/x`).then((answer) => answer.text())).rejects.toThrow();
  });

  it('serves discovery with any member bent', async () => {
    fake.serveDiscovery([toJwk(newSigningKey())], { issuer: 'https://evil.example' });
    const metadata = (await (await fetch(`${fake.url}/.well-known/openid-configuration`)).json()) as object;
    expect(metadata).toMatchObject({ issuer: 'https://evil.example', jwks_uri: `${fake.url}/jwks` });
  });
});

describe('the raw client', () => {
  it('parses pipelined answers, chunked bodies and trailers by hand', () => {
    const bytes =
      'HTTP/1.1 100 Continue\r\n\r\n' +
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\nx-a: 2\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\nT: 1\r\n\r\n' +
      'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort';
    const { responses, informational } = parseResponses(Buffer.from(bytes));
    expect(informational.map((each) => each.status)).toEqual([100]);
    expect(responses.map((each) => [each.status, each.body.toString(), each.complete])).toEqual([
      [200, 'hello!', true],
      [204, '', true],
      [200, 'short', false],
    ]);
    expect([responses[0]?.header('X-A'), responses[0]?.trailers]).toEqual([['1', '2'], [['T', '1']]]);
  });

  it('sends pipelined requests and slow ones', async () => {
    const fake = await startFakeProvider();
    try {
      fake.on('/a', { body: 'A' }).on('/b', { body: 'B' });
      const port = Number(new URL(fake.url).port);
      const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: f\r\n\r\n`;
      const both = await rawRequest({ port }, request('/a') + request('/b'), { expectResponses: 2 });
      expect(both.responses.map((each) => each.body.toString())).toEqual(['A', 'B']);
      expect((await sendSlowly({ port }, request('/a'), { pieceBytes: 7, pauseMs: 1 })).body.toString()).toBe(
        'A',
      );
    } finally {
      await fake.close();
    }
  });

  it('tells a refused byte stream and a silent peer apart', async () => {
    const fake = await startFakeProvider();
    try {
      const port = Number(new URL(fake.url).port);
      expect((await rawRequest({ port }, 'nonsense\r\n\r\n', { untilClosed: true })).status).toBe(400);
      const silent = await rawRequest({ port }, 'GET / HTTP/1.1\r\n', { timeoutMs: 50 });
      expect([silent.status, silent.closed]).toEqual([0, false]);
    } finally {
      await fake.close();
    }
  });
});
