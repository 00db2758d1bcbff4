import { CookieJar } from '../../support/cookie-jar.js';
import { newSigningKey, signWith, toJwk } from '../../support/oidc/jwt.js';
import { startFakeProvider } from '../../support/oidc/fake-provider.js';
import type { FakeProvider } from '../../support/oidc/fake-provider.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const CALLBACK = '/restgate/oauth/callback';
const SIGN_IN = '/restgate/session/sign-in';
const SESSION = 'restgate-session';
const key = newSigningKey();

let world: World;
let fake: FakeProvider;

beforeAll(async () => {
  [world, fake] = await Promise.all([startWorld({ withoutProvider: true }), startFakeProvider()]);
  fake.serveDiscovery([toJwk(key)]);
  fake.on('/introspect', { body: { active: true, client_id: 'restgate', sub: 'u', token_type: 'Bearer' } });
  fake.on('/userinfo', { body: { sub: 'u', preferred_username: 'alice' } });
  const { id } = await world.gateway.admin.call<{ id: string }>('POST', '/providers', {
    name: '<b>Corp</b>',
    preset: 'custom-oidc',
    issuer: fake.url,
    clientId: 'restgate',
    clientSecret: 'restgate-secret-for-tests-only',
    scope: 'openid profile',
    validation: 'userinfo',
    audienceCheck: 'accept-any-client',
    usernameAttribute: 'preferred_username',
  });
  await world.gateway.admin.call('POST', `/providers/${id}/discover`);
});
afterAll(async () => {
  await world.stop();
  await fake.close();
});
beforeEach(() => fake.clear());

interface Begun {
  browser: CookieJar;
  state: string;
  nonce: string;
}

async function begin(): Promise<Begun> {
  const browser = new CookieJar(world.gateway.url);
  const answer = await browser.get(SIGN_IN);
  const { searchParams } = new URL(answer.headers.get('location') ?? '');
  return { browser, state: searchParams.get('state') ?? '', nonce: searchParams.get('nonce') ?? '' };
}

/** The provider answers the code with an ID token of these claims; undefined: with none. */
function answerCode(claims: object | undefined): void {
  const now = Math.floor(Date.now() / 1000);
  const id = { iss: fake.url, aud: 'restgate', sub: 'u', iat: now, exp: now + 60, ...claims };
  const id_token = claims && signWith(key, id, { typ: 'JWT' });
  fake.on('/token', { body: { access_token: 'an-access-token', token_type: 'Bearer', id_token } });
}

async function refused(browser: CookieJar, query: string): Promise<string> {
  const answer = await browser.get(`${CALLBACK}?${query}`);
  expect([answer.status, browser.cookies.has(SESSION)]).toEqual([400, false]);
  return answer.text();
}

describe('the callback of a browser sign-in', () => {
  it('signs in with a good answer', async () => {
    const { browser, state, nonce } = await begin();
    answerCode({ nonce });
    const answer = await browser.get(`${CALLBACK}?code=c&state=${state}`);
    expect([answer.status, await answer.text()]).toEqual([303, '']);
    expect((await browser.session()).body).toMatchObject({ username: 'alice' });
  });

  it('O-13 refuses a callback without state, with a wrong one, and in another browser', async () => {
    const { browser, state, nonce } = await begin();
    answerCode({ nonce });
    for (const query of ['code=c', 'code=c&state=', 'code=c&state=wrong', `code=c&state=${'x'.repeat(43)}`]) {
      await refused(browser, query);
    }
    await refused(new CookieJar(world.gateway.url), `code=c&state=${state}`);
    const other = await begin();
    await refused(other.browser, `code=c&state=${state}`);
    expect(fake.count('/token')).toBe(0);
  });

  it('O-13 takes a state once', async () => {
    const { browser, state, nonce } = await begin();
    answerCode({ nonce });
    await browser.get(`${CALLBACK}?code=c&state=${state}`);
    browser.cookies.delete(SESSION);
    await refused(browser, `code=c&state=${state}`);
    expect(fake.count('/token')).toBe(1);
  });

  it.each([
    ['is missing', {}],
    ['is of another sign-in', { nonce: 'of-another-sign-in' }],
  ])('O-15 refuses an ID token whose nonce %s', async (_what, claims) => {
    const { browser, state } = await begin();
    answerCode(claims);
    await refused(browser, `code=c&state=${state}`);
  });

  it('O-15 refuses an answer without ID token, and one for another client or of another issuer', async () => {
    for (const bent of [undefined, { aud: 'other' }, { iss: 'https://evil.example' }]) {
      const { browser, state, nonce } = await begin();
      answerCode(bent && { nonce, ...bent });
      await refused(browser, `code=c&state=${state}`);
    }
  });

  it('O-19 shows what the provider says as plain text', async () => {
    const { browser, state } = await begin();
    const error = encodeURIComponent('\r\nSet-Cookie: a=b');
    const description = encodeURIComponent('<script>alert(1)</script>');
    const text = await refused(browser, `state=${state}&error=${error}&error_description=${description}`);
    expect(text).not.toContain('<script>');
    expect(text).toContain('&lt;script&gt;');
    expect([...browser.cookies.keys()]).toEqual([]);
  });

  it.each(['code=c&code=d', 'state=y&code=c', 'code=c&iss=a&iss=b', 'code=c&error=a&error=b'])(
    'O-21 refuses repeated parameters: %s',
    async (query) => {
      const { browser, state, nonce } = await begin();
      answerCode({ nonce });
      await refused(browser, `state=${state}&${query}`);
      expect(fake.count('/token')).toBe(0);
    },
  );

  it('refuses an answer that names another issuer (mix-up)', async () => {
    const { browser, state, nonce } = await begin();
    answerCode({ nonce });
    const query = `code=c&state=${state}&iss=${encodeURIComponent('https://evil.example')}`;
    expect(await refused(browser, query)).toContain('another issuer');
    expect(fake.count('/token')).toBe(0);
  });

  it('offers the providers by name when there are several, and none that is switched off', async () => {
    const second = await world.gateway.admin.call<{ id: string }>('POST', '/providers', {
      name: 'Second',
      preset: 'custom-oidc',
      issuer: fake.url,
      clientId: 'second',
      clientSecret: 'second-secret-for-tests-only',
      validation: 'userinfo',
      audienceCheck: 'accept-any-client',
      usernameAttribute: 'preferred_username',
    });
    await world.gateway.admin.call('POST', `/providers/${second.id}/discover`);
    const browser = new CookieJar(world.gateway.url);
    const answer = await browser.get(`${SIGN_IN}?returnTo=/restgate/docs`);
    const page = await answer.text();
    expect([answer.status, page]).toEqual([200, expect.stringContaining('&lt;b&gt;Corp&lt;/b&gt;')]);
    expect(page).toContain(
      `href="/restgate/session/sign-in?provider=${second.id}&amp;returnTo=%2Frestgate%2Fdocs"`,
    );
    await world.gateway.admin.call('PATCH', `/providers/${second.id}`, { enabled: false });
    expect((await browser.get(`${SIGN_IN}?provider=${second.id}`)).status).toBe(400);
    await world.gateway.admin.call('DELETE', `/providers/${second.id}`);
  });
});
