import { ALICE, AttackWorld, get } from '../../support/attack-world.js';
import type { AttackCase } from '../../support/attack-world.js';
import type { RequestRecord } from '../../support/atlassian/types.js';

const MYSELF = '/rest/api/2/myself';
const asAlice = (request: RequestRecord): void => {
  expect(request.header('X-Gw-User')).toEqual(['alice']);
  expect(request.user).toBe('alice');
};
const absent =
  (...names: string[]) =>
  (request: RequestRecord): void => {
    for (const name of names) expect([name, request.header(name)]).toEqual([name, []]);
  };
const allowed = (
  id: string,
  what: string,
  raw: string,
  ...checks: ((request: RequestRecord) => void)[]
): AttackCase => ({
  id,
  what,
  raw,
  status: [200],
  forwarded: true,
  upstream: (request) => checks.forEach((check) => check(request)),
});
const refused = (id: string, what: string, raw: string, ...status: number[]): AttackCase => ({
  id,
  what,
  raw,
  status,
  forwarded: false,
});

const CASES: AttackCase[] = [
  refused('H-01', 'an identity field spelt with underscores', get(MYSELF, ALICE, 'X_Gw_User: admin'), 400),
  allowed(
    'H-03',
    'two identity fields of the caller',
    get(MYSELF, ALICE, 'X-Gw-User: admin', 'X-GW-USER: root'),
    asAlice,
  ),
  {
    id: 'H-05',
    what: 'an identity field on a bypassed route',
    raw: get('/status', 'X-Gw-User: admin', 'X-Gw-Secret: guess'),
    status: [200],
    forwarded: true,
    upstream: absent('X-Gw-User', 'X-Gw-Secret'),
  },
  refused(
    'H-07',
    'two schemes in one field',
    get(MYSELF, 'Authorization: Basic YWRtaW46YWRtaW4=, Bearer $ALICE'),
    401,
  ),
  refused(
    'H-08',
    'two Authorization fields',
    get(MYSELF, ALICE, 'Authorization: Basic YWRtaW46YWRtaW4='),
    400,
  ),
  refused('H-09', 'no Host', `GET ${MYSELF} HTTP/1.1\r\n${ALICE}\r\n\r\n`, 400),
  refused('H-10', 'two Hosts', get(MYSELF, 'Host: evil.example', ALICE), 400),
  allowed(
    'H-11',
    'the Host in capitals',
    `GET ${MYSELF} HTTP/1.1\r\nHost: GW.TEST\r\n${ALICE}\r\n\r\n`,
    asAlice,
  ),
  refused('H-13', 'a space before the colon', get(MYSELF, ALICE, 'X-Gw-User : admin'), 400),
  allowed(
    'H-15',
    'Connection that names our fields',
    get(MYSELF, ALICE, 'connection: x-gw-user', 'Connection: X-Real-Ip, X-Forwarded-For, X-Gw-Secret'),
    asAlice,
    (request) => expect(request.header('X-Forwarded-For')).toEqual(['127.0.0.1']),
  ),
  allowed('H-17', 'Keep-Alive', get(MYSELF, ALICE, 'Keep-Alive: timeout=5'), asAlice, absent('Keep-Alive')),
  {
    id: 'H-19',
    what: 'Expect: 100-continue',
    raw: `POST /rest/standin/1.0/echo HTTP/1.1\r\nHost: gw.test\r\n${ALICE}\r\nExpect: 100-continue\r\nX-Atlassian-Token: no-check\r\nContent-Length: 2\r\n\r\nhi`,
    status: [200],
    forwarded: true,
    upstream: (request) => {
      expect(request.body.toString()).toBe('hi');
      expect(request.header('Expect')).toEqual([]);
    },
  },
  refused(
    'H-21',
    'rewritten targets of other proxies',
    get(
      '/rest/api/2/user',
      'X-Original-URL: /rest/api/2/serverInfo',
      'X-Rewrite-URL: /public/x',
      'X-Forwarded-Uri: /public/x',
      'X-Original-Method: GET',
    ),
    401,
  ),
  allowed(
    'H-22',
    'rewritten targets are not passed on',
    get(
      MYSELF,
      ALICE,
      'X-Original-URL: /rest/api/2/serverInfo',
      'X-Rewrite-URL: /public/x',
      'X-Forwarded-Uri: /public/x',
      'X-Original-Method: GET',
    ),
    asAlice,
    absent('X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-Uri', 'X-Original-Method'),
  ),
  refused(
    'H-23',
    'forwarding fields',
    get(
      '/rest/api/2/user',
      'X-Forwarded-Prefix: /public',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Port: 443',
      'X-Forwarded-Host: evil',
    ),
    401,
  ),
  allowed(
    'H-24',
    'forwarding fields are made anew',
    get(
      MYSELF,
      ALICE,
      'X-Forwarded-Prefix: /public',
      'X-Forwarded-Host: evil',
      'X-Forwarded-For: 1.2.3.4',
      'Forwarded: for=1.2.3.4',
    ),
    absent('X-Forwarded-Prefix', 'Forwarded'),
    (request) => {
      expect(request.header('X-Forwarded-Host')).toEqual(['gw.test']);
      expect(request.header('X-Forwarded-For')).toEqual(['127.0.0.1']);
    },
  ),
  allowed(
    'H-25',
    "another user's session cookie",
    get(MYSELF, ALICE, 'Cookie: JSESSIONID=session-of-bob'),
    asAlice,
    absent('Cookie'),
  ),
  allowed('H-27', 'a list in a field decides nothing', get(MYSELF, ALICE, 'X-Role: regular,admin'), asAlice),
  refused('H-29', 'header fields of 17 KiB', get(MYSELF, ALICE, `X-A: ${'a'.repeat(17_000)}`), 431),
  allowed(
    'H-30',
    'trusted-application and remote-user fields',
    get(
      MYSELF,
      ALICE,
      'X-Seraph-Trusted-App-ID: x',
      'X-Seraph-Trusted-App-Cert: y',
      'Remote-User: admin',
      'X-Forwarded-User: admin',
    ),
    asAlice,
    absent('X-Seraph-Trusted-App-ID', 'X-Seraph-Trusted-App-Cert', 'Remote-User', 'X-Forwarded-User'),
  ),
  allowed(
    'H-32',
    'browser and WebDAV fields',
    get(
      MYSELF,
      ALICE,
      'User-Agent: Microsoft-WebDAV-MiniRedir/10',
      'Origin: https://evil.example',
      'Referer: https://evil.example/',
    ),
    asAlice,
    absent('Origin', 'Referer'),
    (request) => expect(request.header('User-Agent')[0]).toMatch(/^Restgate\//),
  ),
];

/** The query of the audited request that names the parameter, once it has reached the log. */
async function auditedQuery(world: AttackWorld, parameter: string): Promise<string> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const page = await world.gateway.admin.call<{ items: { query: string | null }[] }>(
      'GET',
      '/audit/events?limit=50',
    );
    const found = page.items.find(({ query }) => query?.includes(parameter));
    if (found?.query) return found.query;
    if (Date.now() > deadline) throw new Error('The request never reached the audit log.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('header fields over a raw socket', () => {
  let world: AttackWorld;

  beforeAll(async () => {
    world = await AttackWorld.start();
  });

  afterAll(() => world?.stop());

  it.each(CASES.map((attack) => [`${attack.id} ${attack.what}`, attack] as const))(
    '%s',
    async (_name, attack) => {
      await world.expectOutcome(attack);
    },
  );

  it.each([
    'alice\r\nX-Gw-User: admin',
    'alice\u0000',
    'alice\u0085',
    'alice\u2028admin',
    ' alice',
    'alice ',
  ])('H-31 a user name claim that could break a header is refused: %j', async (name) => {
    world.jira.clear();
    const claims = world.provider.accessTokenClaims('alice', { preferred_username: name });
    const token = world.provider.signJwt(claims, { typ: 'at+jwt' });
    const answer = await world.send(get(MYSELF, `Authorization: Bearer ${token}`));
    expect(answer.status).toBe(401);
    expect(world.jira.requestsTo(MYSELF)).toEqual([]);
  });

  it('O-11 an access token in the query is no credential, is not forwarded and not logged', async () => {
    world.jira.clear();
    const token = await world.provider.fetchJwt('alice');
    const answer = await world.send(get(`${MYSELF}?access_token=${token}`));
    expect(answer.status).toBe(401);
    expect(world.jira.requestsTo(MYSELF)).toEqual([]);
    const event = await auditedQuery(world, 'access_token');
    expect(event).toContain('[redacted]');
    expect(event).not.toContain(token.slice(-40));
  });

  it('H-33 keeps hop-by-hop fields of the application from the client', async () => {
    world.jira.fail({
      pathPrefix: '/rest/api/2/myself',
      status: 200,
      headers: {
        Connection: 'close, X-Secret',
        'X-Secret': '1',
        'Keep-Alive': 'timeout=99',
        'Proxy-Authenticate': 'Basic',
        'X-AUSERNAME': 'alice',
      },
      body: '{}',
    });
    const answer = await world.send(get(MYSELF, ALICE));
    expect(answer.status).toBe(200);
    expect(answer.header('X-Secret')).toEqual([]);
    expect(answer.header('Proxy-Authenticate')).toEqual([]);
    expect(answer.header('Keep-Alive').join()).not.toContain('99');
    world.jira.clear();
  });
});
