import { auditOf, callsOf } from '../../support/dataplane.js';
import { rawRequest } from '../../support/raw-http.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const ECHO = '/jira/rest/standin/1.0/echo';
const FORM = 'application/x-www-form-urlencoded';
const MIB = 1024 * 1024;

const SMUGGLED = [
  'xoauth_requestor_id=admin',
  'XOAUTH_REQUESTOR_ID=admin',
  'xoauth%5Frequestor%5Fid=admin',
  'xoauth%5frequestor_id=admin',
  '%78oauth_requestor_id=admin',
  'xoauth_requestor_id=admin&xoauth_requestor_id=admin',
  'user_id=admin&xoauth_requestor_id=admin',
  'user%5Fid=admin&xoauth_requestor_id=x',
  'oauth_token=abc',
  'oauth_consumer_key=restgate&oauth_signature=x&oauth_signature_method=PLAINTEXT',
  'oauth%5Fnonce=1&Oauth_Timestamp=2',
  'os_authType=basic',
  'os_cookie=true&os_authType=any',
  'OS_USERNAME=admin&OS_PASSWORD=admin-password',
  'jwt=eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.',
  '%6Awt=x',
  '_method=DELETE',
];

describe('who the application sees with OAuth 1.0a', () => {
  let world: World;
  let alice: string;
  const raw = (head: string[], body = '') =>
    rawRequest(
      { port: world.gateway.port },
      [...head, 'Host: gw.test', `Authorization: Bearer ${alice}`, '', body].join('\r\n'),
    );
  const form = (target: string, body: string) =>
    raw(
      [
        `POST ${target} HTTP/1.1`,
        `Content-Type: ${FORM}`,
        `Content-Length: ${Buffer.byteLength(body, 'latin1')}`,
      ],
      body,
    );

  beforeAll(async () => {
    world = await startWorld({ identity: 'oauth1' });
    alice = await world.tokenOf('alice');
  }, 60_000);
  beforeEach(() => world.jira.clear());
  afterAll(() => world?.stop());

  it('tells the admin why a signature was not accepted, and the caller nothing of it', async () => {
    world.jira.setClockOffset(400_000);
    const answer = await raw([`GET ${ECHO} HTTP/1.1`, 'X-Request-Id: clocks-differ']);
    world.jira.setClockOffset(0);
    expect([answer.status, answer.body.toString()]).toEqual([502, expect.not.stringContaining('timestamp')]);
    expect(await auditOf(world.gateway.admin, 'clocks-differ')).toMatchObject([
      { reason: 'identity_mismatch', detail: expect.stringContaining('timestamp_refused') as string },
    ]);
  });

  it.each(SMUGGLED)('a query with %s stays alice', async (smuggled) => {
    const answer = await raw([`GET ${ECHO}?a=1&${smuggled}&z=%2B+ HTTP/1.1`]);
    const calls = callsOf(world.jira);
    expect(answer.status).toBe(200);
    expect(calls.map((each) => each.user)).toEqual(['alice']);
    // What is left is the caller's, byte for byte; the one requestor in it is Restgate's.
    const pairs = (calls[0]?.target.split('?')[1] ?? '').split('&');
    expect(pairs.filter((pair) => !pair.startsWith('xoauth_requestor_id='))).toEqual(['a=1', 'z=%2B+']);
    expect(pairs.filter((pair) => pair.startsWith('xoauth_requestor_id='))).toEqual([
      'xoauth_requestor_id=alice',
    ]);
  });

  it.each(SMUGGLED)('a form with %s stays alice', async (smuggled) => {
    const answer = await form(ECHO, `a=1&${smuggled}&z=%2B+`);
    const calls = callsOf(world.jira);
    expect(answer.status).toBe(200);
    expect(calls.map((each) => [each.user, each.effectiveMethod])).toEqual([['alice', 'POST']]);
    expect(calls[0]?.body.toString('latin1')).toBe('a=1&z=%2B+');
  });

  it('os_username beside a token is ambiguous', async () => {
    const query = await raw([`GET ${ECHO}?os_username=admin&os_password=admin-password HTTP/1.1`]);
    const body = await form(ECHO, 'os%5Fusername=admin&os_password=admin-password');
    expect([query.status, body.status]).toEqual([400, 400]);
    expect(JSON.parse(body.body.toString())).toMatchObject({ code: 'ambiguous_credentials' });
    expect(callsOf(world.jira)).toEqual([]);
  });

  it.each([
    ['plain and encoded text', 'summary=a+b%20c&u=%C3%BC&lower=%c3%bc&plus=%2B'],
    ['repeated, empty and valueless names', 'a=1&a=2&b=&c&d=x'],
    ['an order that is not sorted', 'z=1&y=2&x=3'],
  ])('a form with %s survives byte for byte', async (_what, body) => {
    const answer = await form(ECHO, body);
    expect(answer.status).toBe(200);
    expect(world.jira.last()).toMatchObject({ user: 'alice', authenticatedBy: 'oauth1' });
    expect(world.jira.last().body.toString('latin1')).toBe(body);
  });

  it('a form of exactly 1 MiB passes', async () => {
    const answer = await form(ECHO, `a=${'x'.repeat(MIB - 2)}`);
    expect(answer.status).toBe(200);
    expect(world.jira.last().bodyLength).toBe(MIB);
  });

  it.each([
    ['announced', (body: string) => ({ body })],
    ['chunked', (body: string) => ({ body: new Blob([body]).stream(), duplex: 'half' as const })],
  ])('an %s form above 1 MiB is 413, in words, and goes nowhere', async (_how, init) => {
    const answer = await world.fetch(ECHO, 'alice', {
      method: 'POST',
      headers: { 'Content-Type': FORM, 'X-Request-Id': 'too-large' },
      ...init(`a=${'x'.repeat(3 * MIB)}`),
    });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: 'malformed_request' });
    expect(callsOf(world.jira)).toEqual([]);
  });

  it('a body that only sounds like a form is streamed on untouched', async () => {
    const answer = await world.fetch(ECHO, 'alice', {
      method: 'POST',
      headers: { 'Content-Type': 'application/vnd.test+urlencoded' },
      body: 'os_username=admin',
    });
    expect(answer.status).toBe(200);
    expect(world.jira.last().body.toString()).toBe('os_username=admin');
    expect(world.jira.last().user).toBe('alice');
  });

  it('a client that waits for 100 before it sends its form is told to go on', async () => {
    const head = [
      `POST ${ECHO} HTTP/1.1`,
      'Expect: 100-continue',
      `Content-Type: ${FORM}`,
      'Content-Length: 3',
    ];
    const answer = await raw(head, 'a=1');
    expect(answer.status).toBe(200);
    expect(answer.informational.map((each) => each.status)).toEqual([100]);
  });

  it('S-31 a POST that offers h2c is answered with its body', async () => {
    const head = [
      `POST ${ECHO} HTTP/1.1`,
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
    ];
    const answer = await raw([...head, 'Content-Type: application/json', 'Content-Length: 7'], '{"a":1}');
    expect(answer.status).toBe(200);
    expect(world.jira.last()).toMatchObject({ user: 'alice' });
    expect(world.jira.last().body.toString()).toBe('{"a":1}');
    expect(world.jira.last().header('Upgrade')).toEqual([]);
    expect(world.jira.last().header('HTTP2-Settings')).toEqual([]);
  });
});

describe('an answer for somebody else', () => {
  let world: World;
  const setCheck = (identityCheck: string) =>
    world.gateway.admin.call('PATCH', '/applications/jira', { identityCheck });
  const wrong = (as: string, id: string, headers: Record<string, string> = {}) =>
    world.fetch(`/jira/rest/standin/1.0/wrong-user?as=${as}`, 'alice', {
      headers: { 'X-Request-Id': id, ...headers },
    });
  const nameless = (status: number) => {
    world.jira.fail({ pathPrefix: '/rest/api/2/dashboard', status, body: 'who am I' });
    return world.fetch('/jira/rest/api/2/dashboard', 'alice');
  };

  beforeAll(async () => {
    world = await startWorld();
  }, 60_000);
  beforeEach(() => world.jira.clear());
  afterAll(() => world?.stop());

  it.each(['admin', 'anonymous', 'alic', 'alice2', ''])('as "%s" is 502 and withheld', async (as) => {
    const answer = await wrong(as, `wrong-${as}`);
    expect(answer.status).toBe(502);
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({
      code: 'identity_mismatch',
      errorMessages: [expect.any(String)],
    });
    expect(text).not.toContain('belongs to somebody else');
    const events = await auditOf(world.gateway.admin, `wrong-${as}`);
    expect(events).toMatchObject([
      { decision: 'denied', reason: 'identity_mismatch', user: 'alice', status: 502 },
    ]);
  });

  it.each(['alice', 'ALICE', '%61lice'])('as "%s" is alice', async (as) => {
    expect((await wrong(encodeURIComponent(as), 'same')).status).toBe(200);
  });

  it('a wish to upgrade does not get around the check', async () => {
    const token = await world.tokenOf('alice');
    const upgrade = (target: string) =>
      rawRequest(
        { port: world.gateway.port },
        [
          `GET ${target} HTTP/1.1`,
          'Host: gw.test',
          `Authorization: Bearer ${token}`,
          'Connection: Upgrade',
          'Upgrade: websocket',
          '',
          '',
        ].join('\r\n'),
      );
    const other = await upgrade('/jira/rest/standin/1.0/wrong-user?as=admin');
    const own = await upgrade('/jira/rest/standin/1.0/cookies');
    expect(other.status).toBe(502);
    expect(other.raw.toString()).not.toContain('belongs to somebody else');
    expect(own.status).toBe(200);
    expect(own.header('Set-Cookie')).toEqual([]);
    expect(own.header('X-Request-Id')).toHaveLength(1);
    expect(own.body.toString()).toBe('cookies');
  });

  it('hop-by-hop fields and cookies of the answer stay behind', async () => {
    const hop = await world.fetch('/jira/rest/standin/1.0/hop-by-hop', 'alice');
    const cookies = await world.fetch('/jira/rest/standin/1.0/cookies', 'alice');
    expect([hop.status, cookies.status]).toEqual([200, 200]);
    expect([hop.headers.get('X-Secret'), hop.headers.get('Proxy-Authenticate')]).toEqual([null, null]);
    expect(hop.headers.get('Keep-Alive') ?? '').not.toContain('99');
    expect(cookies.headers.getSetCookie()).toEqual([]);
  });

  it('strict withholds an answer without the field, but lets a proxy’s 503 pass', async () => {
    expect((await nameless(200)).status).toBe(502);
    world.jira.clear();
    expect((await nameless(503)).status).toBe(503);
  });

  it('when-present lets an answer without the field pass, and checks the others', async () => {
    await setCheck('when-present');
    expect((await nameless(200)).status).toBe(200);
    expect((await wrong('admin', 'when-present')).status).toBe(502);
    await setCheck('strict');
  });

  it('off checks nothing', async () => {
    await setCheck('off');
    expect((await wrong('admin', 'off')).status).toBe(200);
    await setCheck('strict');
  });
});
