import { standInUser } from '../../support/atlassian/users.js';
import { basic, callsOf, eventually, issueToken } from '../../support/dataplane.js';
import { RawConnection, rawRequest } from '../../support/raw-http.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const MYSELF = '/jira/rest/api/2/myself';
const SESSION = '/jira/rest/auth/1/session';
const RPC = '/jira/rpc/json-rpc/confluenceservice-v2/login';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n';

describe('passwords that are tried through the gateway', () => {
  let world: World;
  let port: number;
  let user: string;
  let mark = 0;
  let users = 0;

  const ask = async (password: string, path = MYSELF): Promise<number> =>
    (await fetch(world.gateway.url + path, { headers: { Authorization: basic(user, password) } })).status;
  const login = (body: string | Buffer, headers: Record<string, string> = JSON_TYPE, path = SESSION) =>
    fetch(world.gateway.url + path, { method: 'POST', headers, body });
  const reached = (): number => callsOf(world.jira).length - mark;
  const many = <T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, (_each, i) => make(i)));

  beforeAll(async () => {
    world = await startWorld({ withoutProvider: true });
    port = Number(new URL(world.gateway.url).port);
    await world.gateway.admin.call('PUT', '/rate-limit', {
      enabled: false,
      requests: 1000,
      window: { value: 1, unit: 'hour' },
      credentials: ['api-token'],
      overrides: [],
      failedAuthentications: { perMinute: 1000 },
    });
  }, 60_000);
  beforeEach(() => {
    user = `user${users++}`;
    world.jira.addUser(standInUser(user, { password: 'right' }));
    mark = callsOf(world.jira).length;
  });
  afterAll(() => world?.stop());

  it('a third wrong one within five minutes never reaches the application, whatever the name’s case', async () => {
    expect([await ask('wrong1'), await ask('wrong2')]).toEqual([401, 401]);
    user = user.toUpperCase();
    const answer = await fetch(world.gateway.url + MYSELF, {
      headers: { Authorization: basic(user, 'wrong3') },
    });
    expect([answer.status, Number(answer.headers.get('Retry-After')) > 200]).toEqual([429, true]);
    expect(reached()).toBe(2);
  });

  it('thirty different ones at once are two for the application: no CAPTCHA', async () => {
    const statuses = await many(30, (i) => ask(`wrong${i}`));
    expect(reached()).toBe(2);
    expect(statuses.filter((status) => status === 429)).toHaveLength(28);
    world.jira.clearCaptcha(user);
  });

  it('strangers who try shut nobody out whose password was right', async () => {
    expect(await ask('right')).toBe(200);
    for (const wrong of ['a', 'b', 'c']) await ask(wrong);
    expect(await ask('right')).toBe(200);
    expect(await ask('d')).toBe(429);
  });

  it('a right one that is sent thirty times at once is asked about once, then all of them go on', async () => {
    expect(await many(30, () => ask('right'))).toEqual(Array(30).fill(200));
  });

  it('a wrong one that is sent thirty times at once is two for the application', async () => {
    const statuses = await many(30, () => ask('wrong'));
    expect(statuses.sort()).toEqual([401, 401, ...Array<number>(28).fill(429)]);
    expect(reached()).toBe(2);
  });

  it('one that was right and was changed since counts as wrong', async () => {
    expect(await ask('right')).toBe(200);
    world.jira.addUser(standInUser(user, { password: 'changed' }));
    expect([await ask('right'), await ask('right'), await ask('right')]).toEqual([401, 401, 429]);
  });

  it('wrong ones in the body of the login resource count for the user, in whatever type and framing', async () => {
    const body = JSON.stringify({ username: user, password: 'wrong' });
    expect((await login(body)).status).toBe(401);
    expect((await login(body, { 'Content-Type': 'application/json; x=urlencoded' })).status).toBe(401);
    const chunked = await rawRequest(
      { port },
      `POST ${SESSION} HTTP/1.1\r\nHost: gw.test\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n` +
        `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    );
    expect(chunked.status).toBe(429);
    expect(await ask('wrong')).toBe(429);
    expect(reached()).toBe(2);
  });

  it('wrong ones in a login do not slip by in another spelling of its path, beside somebody’s own credential', async () => {
    const body = JSON.stringify({ username: user, password: 'wrong' });
    for (const path of [`${SESSION}.json`, `${SESSION}.xml/`, SESSION.replace('/1/', '/1.0.0/')]) {
      const answer = await login(
        body,
        { ...JSON_TYPE, Authorization: basic('alice', 'alice-password') },
        path,
      );
      expect([path, answer.status]).toEqual([path, 400]);
    }
    expect(reached()).toBe(0);
  });

  it('a call of a remote procedure that was answered with 200 proves no password', async () => {
    world.jira.fail({ pathPrefix: '/rpc/json-rpc', times: 1, status: 200, body: '{"error":{"code":500}}' });
    expect((await login(`["${user}","wrong"]`, JSON_TYPE, RPC)).status).toBe(200);
    const statuses = await many(30, () => ask('wrong'));
    expect([statuses.filter((status) => status === 429).length, reached()]).toEqual([28, 3]);
  });

  it('a right one in a login gives its session, and its body goes on byte for byte', async () => {
    const body = `{ "password":"right", "username" : "${user}", "extra": 1.0 }`;
    const answer = await login(body);
    expect([answer.status, answer.headers.getSetCookie().join()]).toEqual([
      200,
      expect.stringContaining('JSESSIONID') as string,
    ]);
    expect(callsOf(world.jira).at(-1)?.body.toString()).toBe(body);
  });

  it('wrong ones with an upgrade to WebSocket count', async () => {
    const upgrade = (password: string) =>
      rawRequest(
        { port },
        `GET ${MYSELF} HTTP/1.1\r\nHost: gw.test\r\nAuthorization: ${basic(user, password)}\r\n${UPGRADE}\r\n`,
      );
    for (const wrong of ['a', 'b']) expect((await upgrade(wrong)).status).toBe(401);
    expect((await upgrade('c')).status).toBe(429);
    expect(reached()).toBe(2);
  });

  it('wrong ones count when their sender does not wait for the answer', async () => {
    world.jira.fail({ pathPrefix: '/rest/api/2/myself', times: 2, delayMs: 300 });
    for (const n of [1, 2]) {
      const connection = await RawConnection.open({ port });
      connection.write(
        `GET ${MYSELF} HTTP/1.1\r\nHost: gw.test\r\nAuthorization: ${basic(user, `w${n}`)}\r\n\r\n`,
      );
      await eventually('the call', () => reached() === n);
      connection.destroy();
    }
    await eventually('both have counted', async () => (await ask('w3')) === 429);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect([await ask('w4'), reached()]).toEqual([429, 2]);
  });

  describe('a token of ours in the body of a login', () => {
    const spellings = (token: string): [string, string, string, string][] => [
      ['as JSON', SESSION, 'application/json', `{"username":"x","password":"${token}"}`],
      ['as a user name', SESSION, 'application/json', `{"username":"${token}","password":"x"}`],
      [
        'with JSON escapes',
        SESSION,
        'application/json',
        `{"username":"x","password":"\\u0072gt\\u005f${token.slice(4)}"}`,
      ],
      [
        'behind a second one of the same name',
        SESSION,
        'application/json',
        `{"password":"${token}","username":"x","password":"y"}`,
      ],
      ['called text', SESSION, 'text/plain', `{"username":"x","password":"${token}"}`],
      ['called a form', SESSION, 'application/json;urlencoded', `{"username":"x","password":"${token}"}`],
      [
        'in JSON-RPC',
        '/jira/rpc/json-rpc/confluenceservice-v2/login',
        'application/json',
        `["x","${token}"]`,
      ],
      ['in XML-RPC', '/jira/rpc/xmlrpc', 'text/xml', `<methodCall><value>${token}</value></methodCall>`],
      [
        'with XML escapes',
        '/jira/rpc/xmlrpc',
        'text/xml',
        `<methodCall><value>&#114;&#x67;t_${token.slice(4)}</value></methodCall>`,
      ],
    ];

    it.each(spellings('T').map(([name], i) => [name, i] as const))(
      '%s is refused and never sent on',
      async (_name, i) => {
        const { token } = await issueToken(world.gateway.admin, user);
        const [, path, type, body] = spellings(token)[i] as [string, string, string, string];
        const besides: Record<string, string>[] = [{}, { Authorization: basic(user, 'right') }];
        for (const headers of besides) {
          const answer = await login(body, { 'Content-Type': type, ...headers }, path);
          const { code, hint } = (await answer.json()) as { code: string; hint: string };
          expect([answer.status, code]).toEqual([403, 'endpoint_protected']);
          expect(hint).toContain('Bearer');
        }
        expect(reached()).toBe(0);
      },
    );
  });

  it.each<[string, () => string | Buffer, Record<string, string>, number, string]>([
    [
      'that is UTF-16, which Restgate would read otherwise than the application',
      () => Buffer.from('{"username":"x","password":"y"}', 'utf16le'),
      {},
      400,
      'malformed_request',
    ],
    ['that is not JSON', () => 'username=x', {}, 400, 'malformed_request'],
    ['that is larger than any login', () => `{"x":"${'y'.repeat(70_000)}"}`, {}, 413, 'malformed_request'],
    [
      'beside a credential',
      () => '{"username":"x","password":"y"}',
      { Authorization: basic('alice', 'alice-password') },
      400,
      'ambiguous_credentials',
    ],
  ])('refuses a login %s', async (_what, body, headers, status, code) => {
    const answer = await login(body(), { ...JSON_TYPE, ...headers });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([status, code]);
    expect(reached()).toBe(0);
  });
});
