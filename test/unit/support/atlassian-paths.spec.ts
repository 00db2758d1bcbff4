import { mapTarget } from '../../support/atlassian/paths.js';
import { startAtlassian, type AtlassianStandIn } from '../../support/atlassian/server.js';
import { rawRequest } from '../../support/raw-http.js';

describe('how the stand-in finds the resource', () => {
  it.each([
    ['jira', '/rest/api/2/user', '/rest/api/2/user'],
    ['jira', '/public/../rest/api/2/user', '/rest/api/2/user'],
    ['jira', '/public/.%2E/rest/api/2/user', '/rest/api/2/user'],
    ['jira', '/public/..;/rest/api/2/user', '/rest/api/2/user'],
    ['jira', '/public/%2e%2e;x=1/rest/api/2/user', '/rest/api/2/user'],
    ['jira', '//rest///api/2/user', '/rest/api/2/user'],
    ['jira', '/rest;x=1/api/2/user', '/rest/api/2/user'],
    ['jira', '/r%65st/api/2/user', '/rest/api/2/user'],
    ['jira', '/rest/api/latest/user', '/rest/api/2/user'],
    ['jira', '/rest/api/2.0.alpha1/user.json', '/rest/api/2/user'],
    ['jira', '/rest/api/2/user/', '/rest/api/2/user'],
    ['jira', '/s/x/y/_/rest/api/2/user', '/rest/api/2/user'],
    ['jira', '/s/x/_/s/y/_/rest/api/2/user', '/rest/api/2/user'],
    ['jira', '/%73/x/_/rest/api/2/user', '/rest/api/2/user'],
    ['jira', '/%2573/x/_/rest/api/2/user', '/%73/x/_/rest/api/2/user'],
    ['confluence', '/%2573/x/_/rest/api/user', '/rest/api/user'],
    ['confluence', '/s/1/NOCACHE/2/_/rest/api/user', '/rest/api/user'],
    ['bitbucket', '/s/x/_/rest/api/latest/users', '/s/x/_/rest/api/latest/users'],
    ['bitbucket', '/rest/api/1.0/users', '/rest/api/latest/users'],
    ['jira', '/REST/api/2/user', '/REST/api/2/user'],
    ['jira', 'http://other.example/rest/api/2/user', '/rest/api/2/user'],
  ] as const)('%s: %s', (product, target, path) => {
    expect(mapTarget(product, '', target)).toMatchObject({ path });
  });

  it.each(['/a%2fb', '/a%5cb', '/a\\b', '/a%00', '/a%zz', '/a%c0%af', '/../a', '/a#b', '/a?b#c', '*'])(
    'Tomcat refuses %s',
    (target) => {
      expect(mapTarget('jira', '', target)).toEqual({ refused: 400 });
    },
  );

  it('takes the context path off, also when dots led to it', () => {
    expect(mapTarget('jira', '/jira', '/x/../jira/rest/api/2/user')).toMatchObject({
      path: '/rest/api/2/user',
    });
    expect(mapTarget('jira', '/jira', '/jirax/rest')).toEqual({ refused: 404 });
    expect(mapTarget('jira', '/jira', '/jira')).toMatchObject({ path: '/' });
  });
});

describe('requests that would bypass a gateway reach the inner resource', () => {
  let jira: AtlassianStandIn;
  beforeAll(async () => {
    jira = await startAtlassian({ product: 'jira' });
  });
  afterAll(() => jira.close());

  it('shows an override in the record and obeys it', async () => {
    const answer = await fetch(`${jira.url}/rest/api/2/issue/X-2`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${jira.issuePat('alice').token}`,
        'content-type': 'application/json',
        'x-http-method-override': 'DELETE',
      },
    });
    expect(answer.status).toBe(204);
    expect(jira.last()).toMatchObject({ method: 'POST', effectiveMethod: 'DELETE' });
  });

  it('answers the inner resource of a static alias', async () => {
    const answer = await rawRequest(
      jira.address,
      'GET /s/x/_/;/rest/api/2/serverInfo HTTP/1.1\r\nHost: j\r\n\r\n',
    );
    expect(answer.status).toBe(200);
    expect(jira.last()).toMatchObject({
      target: '/s/x/_/;/rest/api/2/serverInfo',
      path: '/rest/api/2/serverInfo',
    });
  });

  it('serves HEAD by the GET resource, without a body', async () => {
    const answer = await rawRequest(jira.address, 'HEAD /rest/api/2/serverInfo HTTP/1.1\r\nHost: j\r\n\r\n');
    expect([answer.status, answer.body.length, Number(answer.header('content-length')[0]) > 10]).toEqual([
      200,
      0,
      true,
    ]);
  });

  it('ignores an upgrade to h2c and answers as usual', async () => {
    const bytes = 'GET /status HTTP/1.1\r\nHost: j\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';
    expect((await rawRequest(jira.address, bytes)).status).toBe(200);
  });
});

describe('the XSRF rule', () => {
  let jira: AtlassianStandIn;
  beforeAll(async () => {
    jira = await startAtlassian({ product: 'jira' });
  });
  afterAll(() => jira.close());

  const browser = { 'user-agent': 'Mozilla/5.0 (X11) Firefox/140.0' };
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const json = { 'content-type': 'application/json' };
  const noCheck = { 'x-atlassian-token': 'no-check' };

  it.each<[string, string, Record<string, string>, number]>([
    [
      'a browser without Origin is refused in spite of no-check',
      'POST',
      { ...browser, ...json, ...noCheck },
      403,
    ],
    [
      'a browser of another origin is refused',
      'POST',
      { ...browser, ...json, origin: 'https://evil.example' },
      403,
    ],
    ['JSON from no browser passes', 'POST', json, 200],
    ['a form without a token is refused', 'POST', form, 403],
    ['no content type without a token is refused', 'POST', {}, 403],
    ['a form with no-check passes', 'POST', { ...form, ...noCheck }, 200],
    ['the old spelling passes too', 'POST', { ...form, 'x-atlassian-token': 'nocheck' }, 200],
    ['PUT is only logged', 'PUT', { ...browser, ...form }, 200],
  ])('%s', async (_title, method, headers, status) => {
    const answer = await fetch(`${jira.url}/rest/standin/1.0/echo`, { method, headers });
    expect(answer.status).toBe(status);
    const refused = (await answer.text()) === 'XSRF check failed';
    expect(refused).toBe(status === 403);
  });

  it('lets a browser of the same origin pass', async () => {
    const headers = { ...browser, ...json, origin: jira.url };
    expect((await fetch(`${jira.url}/rest/standin/1.0/echo`, { method: 'POST', headers })).status).toBe(200);
  });
});
