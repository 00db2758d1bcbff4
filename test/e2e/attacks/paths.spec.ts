import { ALICE, AttackWorld, RITA, get, post } from '../../support/attack-world.js';
import type { AttackCase } from '../../support/attack-world.js';

const refused = (id: string, what: string, raw: string, ...status: number[]): AttackCase => ({
  id,
  what,
  raw,
  status: status.length > 0 ? status : [400],
  forwarded: false,
});

const CASES: AttackCase[] = [
  refused('P-01', 'dot segments out of a public path', get('/public/../rest/api/2/user?username=bob')),
  refused('P-02', 'dot segments at the end', get('/public/..')),
  refused('P-03', 'a half-encoded dot segment', get('/public/.%2E/rest/api/2/user')),
  refused('P-04', 'encoded dot segments', get('/public/%2e%2e/rest/api/2/user')),
  refused('P-05', 'dot segment with a path parameter', get('/public/..;/rest/api/2/user')),
  refused('P-07', 'encoded dots with a path parameter', get('/public/%2e%2e;/rest/api/2/user')),
  refused('P-09', 'backslashes', get('/public\\%2e%2e\\rest/api/2/user')),
  refused('P-10', 'encoded backslashes', get('/public%5c..%5crest/api/2/user')),
  refused('P-11', 'a double slash at the start', get('//rest/api/2/user')),
  refused('P-12', 'a double slash in the middle', get('/rest//api/2/user')),
  refused('P-13', 'single and double dots mixed', get('/public/./../rest/./api/2/user')),
  refused('P-15', 'a matrix parameter in the first segment', get('/rest;x=1/api/2/user')),
  refused('P-16', 'an encoded semicolon', get('/rest%3bx=1/api/2/user')),
  refused('P-17', 'a session id in the path', get('/rest/api/2/myself;jsessionid=0123ABCD', ALICE)),
  refused('P-19', 'another case of /rest', get('/REST/api/2/user', 'X-Api-Token: nothing'), 401, 404),
  refused('P-21', 'a public path with more behind it', get('/rest/api/2/serverInfoX'), 401),
  refused('P-23', 'an encoded NUL', get('/rest/api/2/user%00.css', ALICE)),
  refused('P-25', 'an encoded DEL', get('/rest/api/2/user%7f', ALICE)),
  refused('P-27', 'an overlong slash', get('/public%c0%afrest')),
  refused('P-28', 'an encoded slash', get('/public%2f..%2frest/api/2/user')),
  refused('P-29', 'a malformed escape', get('/rest/%zz', ALICE)),
  refused('P-31', 'a fragment in the path', get('/public#/../rest/api/2/user')),
  refused('P-33', 'a fragment in the query', get('/rest/api/2/user?a=1#b', ALICE)),
  refused('P-35', 'a public path in the query', get('/rest/api/2/user?x=/rest/api/2/serverInfo'), 401),
  refused('P-37', 'absolute-form of another authority', get('http://evil.example/rest/api/2/user', ALICE)),
  refused('P-39', 'asterisk-form', 'OPTIONS * HTTP/1.1\r\nHost: gw.test\r\n\r\n', 400, 204),
  refused('P-41', 'HTTP/0.9', 'GET /rest/api/2/serverInfo\r\n\r\n'),
  refused('P-43', 'a target of 9,000 bytes', get(`/rest/${'a'.repeat(8995)}`, ALICE), 414, 431),
  {
    id: 'P-45',
    what: 'three dots are no traversal',
    raw: get('/rest/standin/1.0/echo/a...b.txt', ALICE),
    status: [200],
    forwarded: true,
    upstream: (request) => expect(request.target).toContain('a...b.txt'),
  },
  refused('P-47', 'a Unicode letter that folds to k', get('/rest/api/2/%E2%84%AAelvin'), 401),
  refused('P-49', 'the /s/ forward of Jira', get('/s/x/_/rest/api/2/user', ALICE)),
  refused('P-50', 'the /s/ forward, encoded twice', get('/%2573/x/_/rest/api/2/user', ALICE), 400, 403, 404),
  {
    id: 'M-01',
    what: 'a method override on a search that reads',
    raw: post(
      '/rest/api/2/search',
      [RITA, 'Content-Type: application/json', 'Content-Length: 2', 'X-HTTP-Method-Override: DELETE'],
      '{}',
    ),
    status: [200],
    forwarded: true,
    upstream: (request) => expect(request.header('X-HTTP-Method-Override')).toEqual([]),
  },
  {
    id: 'M-03',
    what: 'every spelling of a method override',
    raw: get('/rest/api/2/myself', ALICE, 'X-Method-Override: DELETE', 'X-HTTP-Method: DELETE'),
    status: [200],
    forwarded: true,
    upstream: (request) => {
      expect(request.header('X-Method-Override')).toEqual([]);
      expect(request.header('X-HTTP-Method')).toEqual([]);
      expect(request.effectiveMethod).toBe('GET');
    },
  },
  refused(
    'M-05',
    'a GET that begins a push',
    get('/scm/p/r.git/info/refs?service=git-receive-pack', RITA),
    403,
  ),
  refused(
    'M-07',
    'TRACE',
    'TRACE /rest/api/2/issue/X-1 HTTP/1.1\r\nHost: gw.test\r\nAuthorization: Bearer $ALICE\r\n\r\n',
    405,
  ),
  refused(
    'M-09',
    'a preflight without credential',
    'OPTIONS /rest/api/2/issue HTTP/1.1\r\nHost: gw.test\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\nX-Gw-User: admin\r\n\r\n',
    204,
    401,
  ),
  refused(
    'M-11',
    'JSON-RPC is a write',
    post('/rpc/json-rpc/confluenceservice-v2', [RITA, 'Content-Length: 0'], ''),
    403,
  ),
  refused(
    'M-12',
    'an unknown POST is a write',
    post('/rest/plugin/1.0/anything', [RITA, 'Content-Length: 0'], ''),
    403,
  ),
];

describe('paths and methods over a raw socket', () => {
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
});
