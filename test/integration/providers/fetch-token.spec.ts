import { DataSource } from 'typeorm';
import { newSigningKey, signWith, toJwk } from '../../support/oidc/jwt.js';
import { startFakeProvider } from '../../support/oidc/fake-provider.js';
import type { FakeProvider } from '../../support/oidc/fake-provider.js';
import { startOidcProvider } from '../../support/oidc/provider.js';
import type { OidcTestProvider } from '../../support/oidc/provider.js';
import { PUBLIC_URL, startWorld } from './provider-world.js';
import type { Answer, CallOptions, ProviderNode } from './provider-world.js';

const CALLBACK = '/restgate/oauth/callback';
const SECRET = 'restgate-secret-for-tests-only';

describe('fetching tokens', () => {
  let node: ProviderNode;
  let stop: () => Promise<void>;
  let idp: OidcTestProvider;
  let fake: FakeProvider;
  const key = newSigningKey();

  beforeAll(async () => {
    ({ node, stop } = await startWorld());
    idp = await startOidcProvider();
  });
  afterAll(async () => {
    await idp.close();
    await stop();
  });
  beforeEach(async () => {
    await node.clear();
    fake = await startFakeProvider();
    fake.serveDiscovery([toJwk(key)]);
  });
  afterEach(() => fake.close());

  const create = async (more: object): Promise<string> => {
    const input = {
      name: 'Corp',
      preset: 'custom-oidc',
      clientId: 'restgate',
      clientSecret: SECRET,
      ...more,
    };
    const { status, body, text } = await node.call('POST', '/providers', input);
    expect([status, text]).toEqual([201, expect.any(String)]);
    return `/providers/${String(body['id'])}`;
  };
  const begin = async (path: string, options?: CallOptions) => {
    const { status, body, headers } = await node.call('POST', `${path}/authorization`, undefined, options);
    expect(status).toBe(201);
    const url = new URL(body['authorizationUrl'] as string);
    return { url, state: body['state'] as string, body, headers };
  };
  const callback = (query: string, options?: CallOptions): Promise<Answer> =>
    node.request('GET', `${CALLBACK}?${query}`, undefined, options);
  const collect = (path: string, state: string, actor = {}): Promise<Answer> =>
    node.call('GET', `${path}/authorization/${state}`, undefined, { actor });
  /** The fake answers the code with an ID token of these claims. */
  const answerCode = (nonce: string | null, claims: object = {}, by = key): void => {
    const now = Math.floor(Date.now() / 1000);
    const id = { iss: fake.url, aud: 'restgate', sub: 'u', iat: now, exp: now + 60, nonce, ...claims };
    const id_token = signWith(by, id, { typ: 'JWT' });
    fake.on('/token', {
      body: { access_token: 'the-<token>', token_type: 'Bearer', expires_in: 60, id_token },
    });
  };

  it('walks the whole flow with a real provider and gives the token once to the page and once to the admin', async () => {
    const path = await create({ issuer: idp.issuer });
    const { url, state, body } = await begin(path);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'restgate',
      redirect_uri: `${PUBLIC_URL}${CALLBACK}`,
      code_challenge_method: 'S256',
      state,
      nonce: expect.any(String),
    });
    expect(body['postman']).toMatchObject({ callbackUrl: `${PUBLIC_URL}${CALLBACK}`, clientId: 'restgate' });
    expect((await collect(path, state)).body).toEqual({ status: 'pending' });
    const back = await idp.walkAuthorization(url.href, 'alice', `${PUBLIC_URL}${CALLBACK}`);
    const page = await callback(back.search.slice(1));
    expect(page.status).toBe(200);
    expect(page.headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'referrer-policy': 'no-referrer',
    });
    expect((await collect(path, state, { username: 'other-admin' })).status).toBe(404);
    const result = await collect(path, state);
    expect(result.body).toMatchObject({
      status: 'complete',
      tokenType: 'Bearer',
      curl: expect.stringContaining('curl -H'),
    });
    expect(page.text).toContain(result.body['accessToken'] as string);
    expect((await collect(path, state)).status).toBe(404);
    const info = await node.call('POST', `${path}/userinfo`, { accessToken: result.body['accessToken'] });
    expect(info.body).toMatchObject({ status: 200, source: 'userinfo', suggested: 'preferred_username' });
    expect(info.body['attributes']).toContainEqual({ path: 'preferred_username', value: 'alice' });
  });

  it('O-13 refuses a callback without state, with a wrong one and with a used one', async () => {
    const path = await create({ issuer: fake.url });
    const { url, state } = await begin(path);
    answerCode(url.searchParams.get('nonce'));
    for (const query of ['code=c', 'code=c&state=', 'code=c&state=wrong', `code=c&state=${'x'.repeat(43)}`]) {
      expect((await callback(query)).status).toBe(400);
    }
    expect(fake.count('/token')).toBe(0);
    expect((await callback(`code=c&state=${state}`)).status).toBe(200);
    const again = await callback(`code=c&state=${state}`);
    expect(again.status).toBe(400);
    expect(again.text).not.toContain('token&gt;');
  });

  it.each<[string, Record<string, string>]>([
    ['a page', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['a page at a plain http address', { origin: 'http://gateway.example' }],
  ])('O-13 refuses a sign-in that was begun in %s and ends in another browser', async (_where, headers) => {
    const path = await create({ issuer: fake.url });
    const options = { headers };
    const first = await begin(path, options);
    answerCode(first.url.searchParams.get('nonce'));
    expect((await callback(`code=c&state=${first.state}`)).status).toBe(400);
    const second = await begin(path, options);
    answerCode(second.url.searchParams.get('nonce'));
    const setCookie = String(second.headers['set-cookie']);
    expect(setCookie).toMatch(/HttpOnly; SameSite=Lax/);
    const cookie = setCookie.split(';')[0] ?? '';
    expect((await callback(`code=c&state=${second.state}`, { headers: { cookie } })).status).toBe(200);
  });

  it("a program's own fetch begins a sign-in that any browser can end", async () => {
    const path = await create({ issuer: fake.url });
    const { url, state, headers } = await begin(path, { headers: { 'sec-fetch-mode': 'cors' } });
    expect(headers['set-cookie']).toBeUndefined();
    answerCode(url.searchParams.get('nonce'));
    expect((await callback(`code=c&state=${state}`)).status).toBe(200);
  });

  it.each<[string, (nonce: string | null) => void]>([
    ['no nonce', () => answerCode(null)],
    ['another nonce', () => answerCode('other')],
    ['another issuer', (nonce) => answerCode(nonce, { iss: 'https://evil.test' })],
    ['another audience', (nonce) => answerCode(nonce, { aud: 'other-app' })],
    ['another authorized party', (nonce) => answerCode(nonce, { azp: 'other-app' })],
    ['an expiry in the past', (nonce) => answerCode(nonce, { exp: 1000 })],
    ['a strange key', (nonce) => answerCode(nonce, {}, newSigningKey('RS256', key.kid))],
    ['no ID token', () => void fake.on('/token', { body: { access_token: 'the-<token>' } })],
    ['no access token', () => void fake.on('/token', { body: { token_type: 'Bearer' } })],
    [
      'an error with status 200',
      () => void fake.on('/token', { body: { error: 'bad_verification_code', access_token: 'the-<token>' } }),
    ],
    ['HTML', () => void fake.on('/token', { body: '<html>the-<token></html>' })],
    [
      'a redirect',
      () => void fake.on('/token', { status: 302, headers: { location: 'http://169.254.169.254/' } }),
    ],
  ])('O-15 shows no token when the token answer has %s', async (_name, answer) => {
    const path = await create({ issuer: fake.url });
    const { url, state } = await begin(path);
    answer(url.searchParams.get('nonce'));
    const page = await callback(`code=c&state=${state}`);
    expect(page.status).toBe(400);
    expect(page.text).not.toContain('the-');
    expect((await collect(path, state)).body).toMatchObject({ status: 'failed', error: expect.any(String) });
  });

  it('O-19 escapes what the provider says', async () => {
    const path = await create({ issuer: fake.url });
    const { state } = await begin(path);
    const page = await callback(
      `state=${state}&error=${encodeURIComponent('x\r\nSet-Cookie: a=b')}&error_description=${encodeURIComponent('<script>alert(1)</script>')}`,
    );
    expect(page.status).toBe(400);
    expect(page.text).not.toContain('<script');
    expect(page.text).toContain('&lt;script&gt;');
    expect(page.headers['set-cookie']).toBeUndefined();
  });

  it('O-21 refuses parameters that come twice', async () => {
    const path = await create({ issuer: fake.url });
    const { url, state } = await begin(path);
    answerCode(url.searchParams.get('nonce'));
    expect((await callback(`code=c&state=${state}&state=${state}`)).status).toBe(400);
    expect((await callback(`code=c&code=d&state=${state}`)).status).toBe(400);
    expect(fake.count('/token')).toBe(0);
  });

  it('compares the issuer of the answer (RFC 9207) and demands it where it is promised', async () => {
    fake.serveDiscovery([toJwk(key)], { authorization_response_iss_parameter_supported: true });
    const path = await create({ issuer: fake.url });
    for (const [iss, status] of [
      ['', 400],
      ['&iss=https%3A%2F%2Fevil.test', 400],
      [`&iss=${encodeURIComponent(fake.url)}`, 200],
    ]) {
      const { url, state } = await begin(path);
      answerCode(url.searchParams.get('nonce'));
      expect((await callback(`code=c&state=${state}${iss}`)).status).toBe(status);
    }
  });

  it('sends the verifier of the challenge and the client secret as the provider wants it', async () => {
    const path = await create({ issuer: fake.url });
    const { url, state } = await begin(path);
    const nonce = url.searchParams.get('nonce');
    const id_token = signWith(key, {
      iss: fake.url,
      aud: 'restgate',
      exp: Math.floor(Date.now() / 1000) + 60,
      nonce,
    });
    fake.on(
      '/token',
      { status: 401, body: { error: 'invalid_client' } },
      { body: { access_token: 'abc', id_token } },
    );
    expect((await callback(`code=c&state=${state}`)).status).toBe(200);
    const [basic, post] = fake.requests.filter((request) => request.path === '/token');
    expect(basic?.headers.authorization).toMatch(/^Basic /);
    const form = new URLSearchParams(post?.body);
    expect(form.get('client_secret')).toBe(SECRET);
    const { createHash } = await import('node:crypto');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    expect(url.searchParams.get('code_challenge')).toBe(challenge);
  });

  it('keeps neither state nor verifier nor token readable in the database', async () => {
    const path = await create({ issuer: fake.url });
    const { url, state } = await begin(path);
    answerCode(url.searchParams.get('nonce'));
    await callback(`code=c&state=${state}`);
    const rows = JSON.stringify(
      await node.app.get(DataSource).query('SELECT * FROM provider_authorizations'),
    );
    expect(rows).not.toContain(state);
    expect(rows).not.toContain('the-');
  });

  it('gets a token for the client itself, and says why not', async () => {
    const path = await create({
      issuer: idp.issuer,
      parameters: { resource: idp.resource },
      scope: 'openid api',
    });
    const { status, body } = await node.call('POST', `${path}/client-credentials`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ tokenType: 'Bearer', scope: 'api', expiresIn: expect.any(Number) });
    expect(await node.outcome(body['accessToken'] as string)).toBe('user_attribute_missing');
    await node.call('PATCH', path, { clientSecret: 'wrong' });
    const refused = await node.call('POST', `${path}/client-credentials`);
    expect(refused).toMatchObject({ status: 502, body: { code: 'provider_refused' } });
    expect(refused.text).not.toContain('wrong');
  });

  it('lists every attribute of a user info answer by the path that names it', async () => {
    const path = await create({ issuer: fake.url });
    fake.on('/userinfo', {
      body: { sub: '1', 'cognito:username': 'c', emails: ['a@b.test'], a: { b: { c: 1 } }, 'x.y': true },
    });
    const { body } = await node.call('POST', `${path}/userinfo`, { accessToken: 'opaque' });
    expect(body).toEqual({
      status: 200,
      source: 'userinfo',
      response: expect.objectContaining({ sub: '1' }),
      attributes: [
        { path: 'sub', value: '1' },
        { path: 'cognito:username', value: 'c' },
        { path: 'emails.0', value: 'a@b.test' },
        { path: 'a.b.c', value: '1' },
        { path: 'x.y', value: 'true' },
      ],
      suggested: 'cognito:username',
    });
  });

  it('falls back to the claims of the token where user info refuses it', async () => {
    const path = await create({ issuer: idp.issuer, audience: [idp.resource] });
    const { body } = await node.call('POST', `${path}/userinfo`, {
      accessToken: await idp.fetchJwt('alice'),
    });
    expect(body).toMatchObject({ source: 'token', suggested: 'preferred_username' });
  });
});
