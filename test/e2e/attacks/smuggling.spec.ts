import { ALICE, AttackWorld, get, post } from '../../support/attack-world.js';
import type { AttackCase } from '../../support/attack-world.js';

const SEARCH = '/rest/api/2/search';
const refused = (id: string, what: string, raw: string, ...status: number[]): AttackCase => ({
  id,
  what,
  raw,
  status,
  forwarded: false,
});

const CASES: AttackCase[] = [
  refused(
    'S-01',
    'Content-Length beside Transfer-Encoding',
    post(SEARCH, [ALICE, 'Content-Length: 6', 'Transfer-Encoding: chunked'], '0\r\n\r\nG'),
    400,
  ),
  refused(
    'S-03',
    'two Transfer-Encodings',
    post(SEARCH, [ALICE, 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], '0\r\n\r\n'),
    400,
    501,
  ),
  refused(
    'S-05',
    'chunked, identity',
    post(SEARCH, [ALICE, 'Transfer-Encoding: chunked, identity'], '0\r\n\r\n'),
    400,
    501,
  ),
  refused(
    'S-07',
    'a space before the colon of Transfer-Encoding',
    post(SEARCH, [ALICE, 'Transfer-Encoding : chunked'], '0\r\n\r\n'),
    400,
    501,
  ),
  refused(
    'S-09',
    'a bare line feed before Transfer-Encoding',
    post(SEARCH, [ALICE, 'X: y\nTransfer-Encoding: chunked'], '0\r\n\r\n'),
    400,
    501,
  ),
  refused(
    'S-11',
    'gzip, chunked',
    post(SEARCH, [ALICE, 'Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'),
    501,
  ),
  refused('S-13', 'Content-Length: +5', post(SEARCH, [ALICE, 'Content-Length: +5'], 'hello'), 400),
  refused('S-15', 'Content-Length: 0x5', post(SEARCH, [ALICE, 'Content-Length: 0x5'], 'hello'), 400),
  refused('S-17', 'Content-Length: -1', post(SEARCH, [ALICE, 'Content-Length: -1'], 'hello'), 400),
  refused('S-19', 'an empty Content-Length', post(SEARCH, [ALICE, 'Content-Length: '], 'hello'), 400),
  refused(
    'S-20',
    'two lengths',
    post(SEARCH, [ALICE, 'Content-Length: 5', 'Content-Length: 6'], 'hello'),
    400,
  ),
  refused(
    'S-27',
    'HTTP/1.0 with Transfer-Encoding',
    'GET /rest/api/2/myself HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ),
  refused(
    'S-29',
    'a bare carriage return',
    get('/rest/api/2/myself', ALICE, 'X-A: a\rX-Gw-User: admin'),
    400,
  ),
];

describe('request smuggling over a raw socket', () => {
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
    ['S-21 chunk lines that end in a bare line feed', '5\nhello\n0\n\n'],
    ['S-23 a flood of chunk extensions', `5;${'a'.repeat(200_000)}\r\nhello\r\n0\r\n\r\n`],
  ])('%s never complete a request', async (_name, body) => {
    world.jira.clear();
    const answer = await world.send(post(SEARCH, [ALICE, 'Transfer-Encoding: chunked'], body));
    expect([400, 413, 502, 0]).toContain(answer.status);
    expect(world.jira.requests.filter((request) => request.complete && request.path === SEARCH)).toEqual([]);
  });

  it('S-25 a body on GET is not read as a second request', async () => {
    world.jira.clear();
    const inner = 'GET /rest/api/2/admin HTTP/1.1\r\nX: y\r\n';
    const answer = await world.send(
      `${get('/rest/api/2/myself', ALICE, `Content-Length: ${inner.length}`)}${inner}`,
    );
    expect(answer.status).toBe(400);
    expect(answer.header('Connection')).toContain('close');
    expect(world.jira.requestsTo('/rest/api/2/admin')).toEqual([]);
  });

  it('S-31 h2c is answered as HTTP/1.1', async () => {
    world.jira.clear();
    const answer = await world.send(
      get(
        '/rest/api/2/myself',
        ALICE,
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
      ),
    );
    expect(answer.status).toBe(200);
    const [seen] = world.jira.requestsTo('/rest/api/2/myself');
    expect(seen?.header('Upgrade')).toEqual([]);
    expect(seen?.header('HTTP2-Settings')).toEqual([]);
    expect(seen?.user).toBe('alice');
  });

  it('S-33 surplus bytes of the application are nobody’s answer', async () => {
    const first = await world.send(get('/rest/standin/1.0/surplus', ALICE));
    const second = await world.send(get('/rest/api/2/myself', ALICE));
    expect(first.raw.toString('latin1')).not.toContain('evil');
    expect(second.status).toBe(200);
    expect(JSON.parse(second.body.toString())).toMatchObject({ name: 'alice' });
  });

  it('S-35 an unsolicited 101 is 502', async () => {
    const answer = await world.send(get('/rest/standin/1.0/unsolicited-101', ALICE));
    expect(answer.status).toBe(502);
  });
});
