import { DataSource } from 'typeorm';
import { AUDIT } from '../../../src/modules/audit/audit.port.js';
import type { AuditPort } from '../../../src/modules/audit/audit.port.js';
import { BrowserSessionsRepository } from '../../../src/modules/sessions/browser-sessions.repository.js';
import { sha256 } from '../../../src/platform/crypto/sha256.js';
import { CookieJar } from '../../support/cookie-jar.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const PUBLIC_URL = 'http://127.0.0.1';
const CALLBACK = '/restgate/oauth/callback';
const SIGN_IN = '/restgate/session/sign-in';
const SESSION = 'restgate-session';
const API = '/restgate/api/v1';
const json = { 'content-type': 'application/json' };

let world: World;
let database: DataSource;

beforeAll(async () => {
  world = await startWorld({ validation: 'userinfo', env: { PUBLIC_URL } });
  database = world.gateway.restgate.app.get(DataSource);
  await world.gateway.admin.call('PATCH', '/global-settings', { adminGroups: ['jira-administrators'] });
});
afterAll(() => world.stop());

const newBrowser = (): CookieJar => new CookieJar(world.gateway.url);

/** Begins in the browser and signs in at the provider; what the provider sends the browser back with. */
async function atProvider(browser: CookieJar, user: string, query = ''): Promise<URL> {
  const begun = await browser.get(`${SIGN_IN}${query}`);
  expect(begun.status).toBe(303);
  return world.provider.walkAuthorization(begun.headers.get('location') ?? '', user, PUBLIC_URL + CALLBACK);
}

async function signedIn(user: string, browser = newBrowser()): Promise<CookieJar> {
  const back = await atProvider(browser, user);
  expect((await browser.get(CALLBACK + back.search)).status).toBe(303);
  return browser;
}

async function csrfOf(browser: CookieJar): Promise<Record<string, string>> {
  const { body } = await browser.session();
  return { 'x-csrf-token': body['csrfToken'] as string };
}

describe('signing in with a browser', () => {
  it('goes through the provider and back to the page that was asked for', async () => {
    const browser = newBrowser();
    const back = await atProvider(browser, 'admin', '?returnTo=/restgate/docs');
    const answer = await browser.get(CALLBACK + back.search);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/restgate/docs']);
    expect(await browser.session()).toEqual({
      status: 200,
      body: {
        username: 'admin',
        level: 'admin',
        provider: 'Test provider',
        expiresAt: expect.any(String),
        csrfToken: expect.stringMatching(/^[\w-]{43}$/),
      },
    });
  });

  it('asks the provider with state, PKCE S256 and nonce', async () => {
    const begun = await newBrowser().get(SIGN_IN);
    const url = new URL(begun.headers.get('location') ?? '');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      redirect_uri: PUBLIC_URL + CALLBACK,
    });
  });

  it('counts groups: others are ordinary users', async () => {
    const browser = await signedIn('alice');
    expect((await browser.session()).body).toMatchObject({ username: 'alice', level: 'user' });
    expect((await browser.get(`${API}/global-settings`)).status).toBe(403);
    expect((await browser.get(`${API}/me`)).status).toBe(200);
  });

  it('keeps the cookie from scripts and from the applications, and only its hash in the database', async () => {
    const browser = await signedIn('alice');
    const field = browser.received.findLast((each) => each.startsWith(`${SESSION}=`)) ?? '';
    expect(field).toMatch(/; Path=\/restgate; HttpOnly; SameSite=Lax; Max-Age=43200$/);
    const token = browser.cookies.get(SESSION) ?? '';
    const rows = await database.query<object[]>('SELECT * FROM browser_sessions WHERE token_hash = $1', [
      sha256(token),
    ]);
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(await database.query('SELECT * FROM browser_sessions'))).not.toContain(token);
  });

  it('lets nobody in whom no directory knows, and says so in the audit log', async () => {
    const browser = newBrowser();
    const back = await atProvider(browser, 'stranger');
    const answer = await browser.get(CALLBACK + back.search);
    expect([answer.status, browser.cookies.has(SESSION)]).toEqual([403, false]);
    await world.gateway.restgate.app.get<AuditPort>(AUDIT).flush();
    const { items } = await world.gateway.admin.call<{ items: object[] }>(
      'GET',
      '/audit/events?decision=denied',
    );
    expect(items).toContainEqual(
      expect.objectContaining({ target: 'session/sign-in', reason: 'user_unknown', category: 'admin' }),
    );
  });

  it('is of no use on the data plane', async () => {
    const browser = await signedIn('admin');
    const answer = await browser.get('/jira/rest/api/2/myself');
    expect(answer.status).toBe(401);
  });

  it('does not help a request that presents another credential', async () => {
    const browser = await signedIn('admin');
    const answer = await browser.send('GET', `${API}/session`, { authorization: 'Bearer garbage' });
    expect(answer.status).toBe(401);
  });
});

describe('session fixation', () => {
  it('is impossible: every sign-in makes a new session and ends the one before', async () => {
    const browser = await signedIn('alice');
    const first = browser.cookies.get(SESSION) as string;
    await signedIn('alice', browser);
    expect(browser.cookies.get(SESSION)).not.toBe(first);
    const old = newBrowser();
    old.cookies.set(SESSION, first);
    expect((await old.session()).status).toBe(401);
  });

  it('cannot be begun with a value of the attacker', async () => {
    const planted = 'A'.repeat(43);
    const browser = newBrowser();
    browser.cookies.set(SESSION, planted);
    await signedIn('alice', browser);
    const attacker = newBrowser();
    attacker.cookies.set(SESSION, planted);
    expect((await attacker.session()).status).toBe(401);
  });

  it('takes no session when two cookies of the name come', async () => {
    const browser = await signedIn('alice');
    const cookie = `${SESSION}=${browser.cookies.get(SESSION)}; ${SESSION}=${'A'.repeat(43)}`;
    expect((await browser.send('GET', `${API}/session`, { cookie })).status).toBe(401);
  });
});

describe('CSRF', () => {
  const change = JSON.stringify({ anonymousAccess: 'deny' });

  it('A-09 refuses changes without the CSRF token of the session', async () => {
    const browser = await signedIn('admin');
    const other = await csrfOf(await signedIn('admin'));
    for (const headers of [{}, { 'x-csrf-token': '' }, { 'x-csrf-token': 'x'.repeat(43) }, other]) {
      const answer = await browser.send('PATCH', `${API}/global-settings`, { ...json, ...headers }, change);
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
        403,
        'csrf_token_required',
      ]);
    }
    expect(await world.gateway.admin.call('GET', '/global-settings')).toMatchObject({
      anonymousAccess: 'public-apis',
    });
    const good = await browser.send(
      'PATCH',
      `${API}/global-settings`,
      { ...json, ...(await csrfOf(browser)) },
      change,
    );
    expect(good.status).toBe(200);
    await world.gateway.admin.call('PATCH', '/global-settings', { anonymousAccess: 'public-apis' });
  });

  it('A-09 refuses changes that a page of another site sends, even with the token', async () => {
    const browser = await signedIn('admin');
    const token = await csrfOf(browser);
    for (const site of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }]) {
      const headers = { ...json, ...token, ...site, origin: 'https://evil.example' };
      const answer = await browser.send('PATCH', `${API}/global-settings`, headers, change);
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([403, 'cross_site']);
    }
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'A-09 answers 403 to a form or no-cors fetch of another site (%s) and never reads its body',
    async (type) => {
      const browser = await signedIn('admin');
      const origin = 'https://evil.example';
      const send = async (headers: Record<string, string>): Promise<unknown[]> => {
        const fields = { 'content-type': type, ...headers };
        const answer = await browser.send('PATCH', `${API}/global-settings`, fields, change);
        return [answer.status, ((await answer.json()) as { code: string }).code];
      };
      expect(await send({ 'sec-fetch-site': 'cross-site', origin })).toEqual([403, 'cross_site']);
      expect(await send({})).toEqual([403, 'csrf_token_required']);
      expect(await send(await csrfOf(browser))).toEqual([415, 'unsupported_media_type']);
      expect(await world.gateway.admin.call('GET', '/global-settings')).toMatchObject({
        anonymousAccess: 'public-apis',
      });
    },
  );
});

describe('clickjacking', () => {
  it('is impossible: no page of the sign-in can be framed', async () => {
    const browser = newBrowser();
    const back = await atProvider(browser, 'alice');
    const answers = [
      await browser.get(SIGN_IN),
      await browser.get(`${SIGN_IN}?provider=unknown`),
      await newBrowser().get(CALLBACK + back.search),
      await browser.get(`${API}/session`),
    ];
    for (const { headers } of answers) {
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    }
  });
});

describe('open redirect', () => {
  const foreign = ['//evil.example', '/\\evil.example', 'https:evil.example', '/%09/evil.example'];

  it.each([
    ...foreign,
    'https://127.0.0.1@evil.example',
    'https://127.0.0.1.evil.example',
    'javascript:alert(1)',
  ])('O-17 does not lead to %s', async (returnTo) => {
    const browser = newBrowser();
    const back = await atProvider(browser, 'alice', `?returnTo=${encodeURIComponent(returnTo)}`);
    const answer = await browser.get(CALLBACK + back.search);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/restgate/']);
  });
});

describe('the end of a session', () => {
  it('comes by signing out, in this browser only', async () => {
    const [one, two] = [await signedIn('alice'), await signedIn('alice')];
    const kept = one.cookies.get(SESSION) as string;
    expect((await one.send('DELETE', `${API}/session`, await csrfOf(one))).status).toBe(204);
    expect(one.cookies.has(SESSION)).toBe(false);
    one.cookies.set(SESSION, kept);
    expect((await one.session()).status).toBe(401);
    expect((await two.session()).status).toBe(200);
  });

  it('comes everywhere when the user says so', async () => {
    const [one, two, other] = [await signedIn('alice'), await signedIn('alice'), await signedIn('bob')];
    const answer = await one.send('DELETE', `${API}/session?everywhere=true`, await csrfOf(one));
    expect(answer.status).toBe(204);
    expect((await two.session()).status).toBe(401);
    expect((await other.session()).status).toBe(200);
  });

  it('comes after 30 minutes without a request, and 12 hours after the sign-in at the latest', async () => {
    const browser = await signedIn('alice');
    const hash = sha256(browser.cookies.get(SESSION) as string);
    const repository = world.gateway.restgate.app.get(BrowserSessionsRepository);
    const minute = 60_000;
    const start = Date.now();
    expect(await repository.find(hash, start + 29 * minute)).toBeDefined();
    expect(await repository.find(hash, start + 58 * minute)).toBeDefined();
    expect(await repository.find(hash, start + 89 * minute)).toBeUndefined();
    for (let passed = 58; passed < 12 * 60 - 1; passed += 25)
      await repository.find(hash, start + passed * minute);
    expect(await repository.find(hash, start + (12 * 60 - 1) * minute)).toBeDefined();
    expect(await repository.find(hash, start + (12 * 60 + 1) * minute)).toBeUndefined();
  });

  it('comes when the provider is switched off', async () => {
    const browser = await signedIn('bob');
    const { items } = await world.gateway.admin.call<{ items: { id: string }[] }>('GET', '/providers');
    const path = `/providers/${items[0]?.id}`;
    await world.gateway.admin.call('PATCH', path, { enabled: false });
    expect((await browser.session()).status).toBe(401);
    await world.gateway.admin.call('PATCH', path, { enabled: true });
    expect((await browser.session()).status).toBe(200);
  });
});
