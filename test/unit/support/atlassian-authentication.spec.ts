import { startAtlassian, type AtlassianStandIn } from '../../support/atlassian/server.js';
import type { StandInProduct } from '../../support/atlassian/types.js';

const MYSELF = '/rest/api/2/myself';
const SERVER_INFO = '/rest/api/2/serverInfo';
const open: AtlassianStandIn[] = [];

async function start(product: StandInProduct = 'jira', more = {}): Promise<AtlassianStandIn> {
  const standIn = await startAtlassian({ product, ...more });
  open.push(standIn);
  return standIn;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

function basic(user: string, password = `${user}-password`): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

function ask(
  standIn: AtlassianStandIn,
  path: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(standIn.url + path, { headers, redirect: 'manual' });
}

describe('native Basic of the stand-in', () => {
  it('splits at the first colon and names the user, url-encoded', async () => {
    const jira = await start();
    jira.addUser({ ...jira.directory.require('alice'), name: 'colon', password: 'pa:ss:word' });
    const answer = await ask(jira, MYSELF, basic('colon', 'pa:ss:word'));
    expect(await answer.json()).toMatchObject({ name: 'colon', active: true });
    const special = await ask(jira, SERVER_INFO, basic("o'brien+x@example.com"));
    expect(special.headers.get('x-ausername')).toBe("o'brien%2Bx%40example.com");
  });

  it('answers a wrong password with an HTML 401 and the OAuth challenge beside Basic', async () => {
    const answer = await ask(await start(), SERVER_INFO, basic('alice', 'wrong'));
    expect(answer.status).toBe(401);
    expect(answer.headers.get('x-seraph-loginreason')).toBe('AUTHENTICATED_FAILED');
    expect(answer.headers.get('www-authenticate')).toMatch(/Basic realm=.*OAuth realm=/);
    expect(await answer.text()).toContain('Basic Authentication Failure - Reason : AUTHENTICATED_FAILED');
  });

  it('asks for a CAPTCHA after three failures, even when the password is right then', async () => {
    const jira = await start();
    for (let count = 0; count < 3; count += 1) await ask(jira, SERVER_INFO, basic('alice', 'wrong'));
    const answer = await ask(jira, SERVER_INFO, basic('alice'));
    expect(answer.status).toBe(403);
    expect(answer.headers.get('x-authentication-denied-reason')).toMatch(
      /^CAPTCHA_CHALLENGE; login-url=.*login\.jsp$/,
    );
    jira.clearCaptcha('alice');
    expect((await ask(jira, SERVER_INFO, basic('alice'))).status).toBe(200);
  });

  it('refuses inactive users, and everybody when Basic is switched off', async () => {
    const jira = await start();
    expect((await ask(jira, SERVER_INFO, basic('ivan'))).status).toBe(401);
    jira.setBasicDisabled(true);
    const answer = await ask(jira, SERVER_INFO, basic('alice'));
    expect([answer.status, await answer.text()]).toEqual([
      403,
      'Basic Authentication has been disabled on this instance.',
    ]);
  });
});

describe('personal access tokens of the stand-in', () => {
  it('have the real format', async () => {
    const token = (await start()).issuePat('alice').token;
    expect(token).toMatch(/^[A-Za-z0-9+/]{44}$/);
    const bytes = Buffer.from(token, 'base64');
    expect([bytes.length, bytes[12]]).toEqual([33, 0x3a]);
    expect((await start('bitbucket')).issuePat('alice').token).toMatch(/^BBDC-[A-Za-z0-9+/]{44}$/);
  });

  it.each(['jira', 'confluence'] as const)(
    '%s goes on anonymously with 200 when a token is bad',
    async (product) => {
      const path = product === 'jira' ? SERVER_INFO : '/rest/api/user/current';
      const answer = await ask(await start(product), path, { authorization: 'Bearer nonsense' });
      expect([answer.status, answer.headers.get('x-ausername')]).toEqual([200, 'anonymous']);
    },
  );

  it('Bitbucket names nobody when a token is bad', async () => {
    const bitbucket = await start('bitbucket');
    const path = '/rest/api/latest/application-properties';
    const bad = await ask(bitbucket, path, { authorization: 'Bearer BBDC-nonsense' });
    expect([bad.status, bad.headers.has('x-ausername')]).toEqual([200, false]);
    const { token } = bitbucket.issuePat('alice');
    const good = await ask(bitbucket, path, { authorization: `Bearer ${token}` });
    expect(good.headers.get('x-ausername')).toBe('alice');
    expect((await ask(bitbucket, path, basic('alice', token))).headers.get('x-ausername')).toBe('alice');
  });

  it.each([
    ['a good token', (token: string) => `Bearer ${token}`, 'alice'],
    ['a lower-case scheme', (token: string) => `bearer ${token}`, 'anonymous'],
    ['three parts', (token: string) => `Bearer ${token} x`, 'anonymous'],
  ])('%s', async (_title, make, user) => {
    const jira = await start();
    const answer = await ask(jira, SERVER_INFO, { authorization: make(jira.issuePat('alice').token) });
    expect(answer.headers.get('x-ausername')).toBe(user);
  });

  it('die with the user and with their revocation', async () => {
    const jira = await start();
    const { token } = jira.issuePat('alice');
    jira.setUserActive('alice', false);
    expect((await ask(jira, MYSELF, { authorization: `Bearer ${token}` })).status).toBe(401);
    jira.setUserActive('alice', true);
    expect((await ask(jira, MYSELF, { authorization: `Bearer ${token}` })).status).toBe(200);
    jira.revokePat(token);
    expect((await ask(jira, MYSELF, { authorization: `Bearer ${token}` })).status).toBe(401);
  });

  it('are minted by whoever is logged in', async () => {
    const jira = await start();
    const answer = await fetch(`${jira.url}/rest/pat/latest/tokens`, {
      method: 'POST',
      headers: { ...basic('alice'), 'content-type': 'application/json' },
      body: '{"name":"mine"}',
    });
    expect(answer.status).toBe(201);
    const { rawToken } = (await answer.json()) as { rawToken: string };
    expect((await ask(jira, MYSELF, { authorization: `Bearer ${rawToken}` })).status).toBe(200);
  });
});

describe('sessions of the stand-in', () => {
  it('a valid session beats Basic', async () => {
    const jira = await start();
    const answer = await ask(jira, MYSELF, { cookie: jira.openSession('bob'), ...basic('alice') });
    expect(await answer.json()).toMatchObject({ name: 'bob' });
    expect(jira.last().authenticatedBy).toBe('session');
  });

  it('a stale JSESSIONID is a 401 below /rest, and nothing elsewhere', async () => {
    const jira = await start();
    const answer = await ask(jira, SERVER_INFO, { cookie: 'JSESSIONID=GONE' });
    expect([answer.status, await answer.text()]).toEqual([
      401,
      "os_authType was 'any' and an invalid cookie was sent.",
    ]);
    expect((await ask(jira, '/status', { cookie: 'JSESSIONID=GONE' })).status).toBe(200);
  });

  it('a login gives a cookie that works, also inside the path', async () => {
    const jira = await start();
    const login = await fetch(`${jira.url}/rest/auth/1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'alice', password: 'alice-password' }),
    });
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    expect((await ask(jira, MYSELF, { cookie })).status).toBe(200);
    expect((await ask(jira, `${MYSELF};jsessionid=${cookie.split('=')[1]}`)).status).toBe(200);
  });

  it('Basic opens a session, tokens do not', async () => {
    const jira = await start();
    const cookieOf = (answer: Response) => answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const byBasic = cookieOf(await ask(jira, SERVER_INFO, basic('alice')));
    expect((await ask(jira, MYSELF, { cookie: byBasic })).status).toBe(200);
    const byToken = await ask(jira, SERVER_INFO, { authorization: `Bearer ${jira.issuePat('alice').token}` });
    expect((await ask(jira, MYSELF, { cookie: cookieOf(byToken) })).status).toBe(401);
  });

  it('knows remember-me cookies and Crowd sessions', async () => {
    const jira = await start('jira', { crowdSession: (token: string) => (token === 'good' ? 'rita' : null) });
    expect(await (await ask(jira, MYSELF, { cookie: jira.rememberMe('bob') })).json()).toMatchObject({
      name: 'bob',
    });
    expect(await (await ask(jira, MYSELF, { cookie: 'crowd.token_key=good' })).json()).toMatchObject({
      name: 'rita',
    });
    expect((await ask(jira, MYSELF, { cookie: 'crowd.token_key=bad' })).status).toBe(401);
  });
});

describe('login by parameters', () => {
  it('is honoured in the query and in a urlencoded body', async () => {
    const jira = await start();
    const parameters = new URLSearchParams({ os_username: 'alice', os_password: 'alice-password' });
    expect((await ask(jira, `${MYSELF}?${parameters.toString()}`)).status).toBe(200);
    await fetch(jira.url + MYSELF, {
      method: 'POST',
      body: parameters,
      headers: { 'X-Atlassian-Token': 'no-check' },
    });
    expect(jira.last()).toMatchObject({ user: 'alice', authenticatedBy: 'parameters' });
    await ask(jira, `${MYSELF}?os_username=alice&os_password=wrong`);
    expect(jira.last()).toMatchObject({ user: null, status: 401 });
  });
});

describe('the trusted header', () => {
  const trustedHeader = {
    name: 'X-Remote-User',
    sharedSecretHeader: 'X-Proxy-Secret',
    sharedSecret: 's3cret',
  };

  it.each([
    ['with its secret names the user', { 'X-Remote-User': 'alice', 'X-Proxy-Secret': 's3cret' }, 'alice'],
    ['without its secret is ignored', { 'X-Remote-User': 'alice' }, 'anonymous'],
    ['with a wrong secret is ignored', { 'X-Remote-User': 'alice', 'X-Proxy-Secret': 'no' }, 'anonymous'],
    [
      'with an unknown user names nobody',
      { 'X-Remote-User': 'nobody', 'X-Proxy-Secret': 's3cret' },
      'anonymous',
    ],
  ])('%s', async (_title, headers, user) => {
    const answer = await ask(await start('jira', { trustedHeader }), SERVER_INFO, headers);
    expect(answer.headers.get('x-ausername')).toBe(user);
  });

  it('means nothing when the product was not told to trust it', async () => {
    const answer = await ask(await start(), SERVER_INFO, { 'X-Remote-User': 'alice' });
    expect(answer.headers.get('x-ausername')).toBe('anonymous');
  });
});
