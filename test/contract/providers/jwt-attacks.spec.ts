import { newSigningKey, signWith, toJwk } from '../../support/oidc/jwt.js';
import type { JwtHeader, SigningKey } from '../../support/oidc/jwt.js';
import { startFakeProvider } from '../../support/oidc/fake-provider.js';
import type { FakeProvider } from '../../support/oidc/fake-provider.js';
import { aProvider, VerifierKit } from './kit.js';
import type { ProviderFields } from './kit.js';

const now = (): number => Math.floor(Date.now() / 1000);

describe('JWT access tokens', () => {
  const key = newSigningKey('RS256', 'rsa-1');
  const ecKey = newSigningKey('ES256', 'ec-1');
  let idp: FakeProvider;
  let kit: VerifierKit;

  const claims = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
    iss: idp.url,
    aud: 'https://gw.test',
    sub: 'u1',
    client_id: 'restgate',
    iat: now(),
    exp: now() + 600,
    preferred_username: 'alice',
    ...more,
  });
  const token = (more: Record<string, unknown> = {}, header: JwtHeader = {}, by: SigningKey = key): string =>
    signWith(by, claims(more), header);
  const provider = (more: ProviderFields = {}) =>
    aProvider({
      issuer: idp.url,
      endpoints: { jwks: `${idp.url}/jwks` },
      audience: ['https://gw.test'],
      ...more,
    });

  const others: FakeProvider[] = [];
  const another = async (): Promise<FakeProvider> => {
    const server = await startFakeProvider();
    others.push(server);
    return server;
  };

  beforeEach(async () => {
    idp = await startFakeProvider();
    idp.serveDiscovery([toJwk(key), toJwk(ecKey)]);
    kit = new VerifierKit(provider());
  });
  afterEach(async () => {
    await kit.close();
    await Promise.all([idp, ...others.splice(0)].map((server) => server.close()));
  });

  it('accepts a good token, then answers from the cache without a promise', async () => {
    const good = token();
    expect(await kit.outcome(good)).toBe('user alice');
    expect(kit.verifier.verify(good)).toMatchObject({
      subject: { by: 'username', value: 'alice' },
      clientId: 'restgate',
    });
    expect(await kit.outcome(token({}, {}, ecKey))).toBe('user alice');
  });

  it.each(['none', 'nOnE', 'NONE', '', undefined])('J-01 refuses the algorithm %p', async (alg) => {
    expect(await kit.outcome(token({}, { alg }))).toBe('oauth_token_rejected');
    const [head, body] = token({}, { alg }).split('.');
    expect(await kit.outcome(`${head}.${body}.AAAA`)).toBe('oauth_token_rejected');
    expect(await kit.outcome(`${head}.${body}.`)).toBe('oauth_token_rejected');
  });

  it('refuses HS256 signed with the public key', async () => {
    for (const secret of [key.publicPem, JSON.stringify(toJwk(key))]) {
      expect(await kit.outcome(signWith(key, claims(), { alg: 'HS256' }, secret))).toBe(
        'oauth_token_rejected',
      );
    }
  });

  it('J-03 pins the algorithm to the key', async () => {
    expect(await kit.outcome(token({}, { kid: 'rsa-1' }, ecKey))).toBe('oauth_token_rejected');
    expect(await kit.outcome(token({}, { alg: 'PS256' }))).toBe('oauth_token_rejected');
  });

  it('J-05 never follows or trusts keys in the header', async () => {
    const evil = await another();
    const attacker = newSigningKey('RS256', 'evil');
    evil.serveDiscovery([toJwk(attacker)]);
    const headers: JwtHeader[] = [
      { jku: `${evil.url}/jwks` },
      { x5u: `${evil.url}/jwks` },
      { jwk: toJwk(attacker) },
      { jwk: toJwk(attacker), kid: 'rsa-1' },
      { x5c: ['MIIB'] },
    ];
    for (const header of headers)
      expect(await kit.outcome(token({}, header, attacker))).toBe('oauth_token_rejected');
    expect(evil.requests).toHaveLength(0);
  });

  it('J-07 gives expired tokens a leeway of 60 s and no more', async () => {
    expect(await kit.outcome(token({ exp: now() - 1 }))).toBe('user alice');
    expect(await kit.outcome(token({ exp: now() - 30 }))).toBe('user alice');
    expect(await kit.outcome(token({ exp: now() - 61 }))).toBe('token_expired');
  });

  it.each([String(now() + 600), 1e300, -1, 0, 'NaN', null, undefined, true])(
    'J-09 refuses exp %p',
    async (exp) => {
      expect(await kit.outcome(token({ exp }))).toBe('oauth_token_rejected');
    },
  );

  it('refuses tokens that are not valid yet', async () => {
    expect(await kit.outcome(token({ nbf: now() + 120 }))).toBe('oauth_token_rejected');
    expect(await kit.outcome(token({ iat: now() + 120 }))).toBe('oauth_token_rejected');
    expect(await kit.outcome(token({ nbf: now() + 30 }))).toBe('user alice');
  });

  it('J-11 refuses tokens that are older than the maximum age', async () => {
    expect(await kit.outcome(token({ iat: now() - 30 * 86400, exp: now() + 30 * 86400 }))).toBe(
      'oauth_token_rejected',
    );
    expect(await kit.outcome(token({ iat: undefined, exp: now() + 30 * 86400 }))).toBe(
      'oauth_token_rejected',
    );
  });

  it('J-13 compares issuers exactly and keeps keys to their issuer', async () => {
    const other = await another();
    const otherKey = newSigningKey('RS256', 'other');
    other.serveDiscovery([toJwk(otherKey)]);
    kit.use(provider(), provider({ name: 'b', issuer: other.url, endpoints: { jwks: `${other.url}/jwks` } }));
    expect(await kit.outcome(token({ iss: `${idp.url}/` }))).toBe('oauth_token_rejected');
    expect(await kit.outcome(token({ iss: other.url }))).toBe('oauth_token_rejected');
    expect(await kit.outcome(token({}, {}, otherKey))).toBe('oauth_token_rejected');
    expect(await kit.outcome(token({ iss: other.url }, {}, otherKey))).toBe('user alice');
  });

  it.each([
    ['logout+jwt', {}],
    ['secevent+jwt', {}],
    ['at+jwt', { nonce: 'n' }],
    ['JWT', { at_hash: 'h' }],
    ['JWT', { token_use: 'id' }],
    ['JWT', { typ: 'Refresh' }],
    ['JWT', { events: {} }],
    ['JWT', { aud: 'restgate', client_id: undefined }],
  ])('J-15 refuses a token of type %p with claims %p', async (typ, more) => {
    expect(await kit.outcome(token(more, { typ }))).toBe('token_type_rejected');
  });

  it('J-15 takes plain JWTs only by a switch', async () => {
    expect(await kit.outcome(token({}, { typ: undefined }))).toBe('user alice');
    kit.use(provider({ acceptPlainJwt: false }));
    expect(await kit.outcome(token({}, { typ: undefined }))).toBe('token_type_rejected');
    expect(await kit.outcome(token({}, { typ: 'JWT' }))).toBe('token_type_rejected');
    expect(await kit.outcome(token({}, { typ: 'application/at+jwt' }))).toBe('user alice');
  });

  it('refuses critical extensions', async () => {
    expect(await kit.outcome(token({}, { crit: ['exp'] }))).toBe('oauth_token_rejected');
    expect(await kit.outcome(token({}, { crit: ['b64'], b64: false }))).toBe('oauth_token_rejected');
  });

  it('J-17 refuses encrypted and nested tokens without decrypting', async () => {
    const head = (header: object): string => Buffer.from(JSON.stringify(header)).toString('base64url');
    const bomb = head({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2 ** 31, p2s: 'AAAA' });
    expect(await kit.outcome(`${bomb}.AAAA.AAAA.AAAA.AAAA`)).toBe('oauth_token_rejected');
    expect(await kit.outcome(`${head({ alg: 'dir', enc: 'A128GCM', zip: 'DEF' })}..AAAA.AAAA.AAAA`)).toBe(
      'oauth_token_rejected',
    );
    expect(await kit.outcome(token({}, { cty: 'JWT' }))).toBe('token_type_rejected');
  });

  it('J-19 refuses what is too large or too deep before it looks inside', async () => {
    expect(await kit.outcome(token({ filler: 'x'.repeat(1024 * 1024) }))).toBe('oauth_token_rejected');
    const deep = `{"iss":"${idp.url}","a":${'['.repeat(4000)}${']'.repeat(4000)}}`;
    expect(await kit.outcome(signWith(key, deep))).toBe('oauth_token_rejected');
    expect(idp.count('/jwks')).toBeLessThan(2);
  });

  it('J-21 is not fooled by __proto__ and constructor', async () => {
    const text = JSON.stringify(claims()).replace(
      '{',
      '{"__proto__":{"isAdmin":true,"preferred_username":"root"},"constructor":1,',
    );
    expect(await kit.outcome(signWith(key, text))).toBe('user alice');
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    kit.use(provider({ usernameAttribute: '__proto__.preferred_username' }));
    expect(await kit.outcome(signWith(key, text))).toBe('user_attribute_missing');
    kit.use(provider({ usernameAttribute: 'toString.name' }));
    expect(await kit.outcome(signWith(key, text))).toBe('user_attribute_missing');
  });

  it('J-23 refuses every other spelling of a token', async () => {
    const good = token();
    expect(await kit.outcome(good)).toBe('user alice');
    const last = good.slice(-1);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const twin = good.slice(0, -1) + (alphabet[alphabet.indexOf(last) + 1] ?? 'B');
    for (const spelling of [`${good}\n`, `${good}==`, `${good} `, ` ${good}`, twin, `${good}.`]) {
      expect(await kit.outcome(spelling)).toBe('oauth_token_rejected');
    }
  });

  it('J-25 refuses an e-mail address that is not verified, unless the admin trusts it', async () => {
    const email = { email: 'admin@corp.test', email_verified: false };
    const byEmail = { usernameAttribute: 'email', userLookup: 'email' as const };
    kit.use(provider(byEmail));
    expect(await kit.outcome(token(email))).toBe('oauth_token_rejected');
    kit.use(provider());
    expect(await kit.outcome(token({ ...email, preferred_username: 'admin@corp.test' }))).toBe(
      'oauth_token_rejected',
    );
    kit.use(provider({ ...byEmail, trustUnverifiedEmail: true }));
    expect(await kit.outcome(token(email))).toBe('user admin@corp.test');
  });

  it.each([
    'ａｄｍｉｎ',
    'аdmin',
    'alice ',
    ' alice',
    'al\u0085ice',
    'al\r\nice',
    'al\u2028ice',
    'al\u200bice',
    'x'.repeat(256),
    '\u212aim',
  ])('J-27 refuses the user name %p', async (name) => {
    expect(await kit.outcome(token({ preferred_username: name }))).toBe('oauth_token_rejected');
  });

  it('refuses a token that names nobody', async () => {
    for (const name of ['', undefined, ['alice'], { a: 1 }, true]) {
      expect(await kit.outcome(token({ preferred_username: name }))).toBe('user_attribute_missing');
    }
  });

  it('J-27 has one canonical form of a name', async () => {
    expect(await kit.outcome(token({ preferred_username: 'Zoe\u0308' }))).toBe('user Zo\u00eb');
    kit.use(provider({ usernameTransform: 'lowercase' }));
    expect(await kit.outcome(token({ preferred_username: 'ADMIN' }))).toBe('user admin');
  });

  it('J-29 takes a token without key id only when exactly one key fits', async () => {
    expect(await kit.outcome(token({}, { kid: undefined }))).toBe('user alice');
    idp.serveDiscovery([toJwk(key), toJwk(newSigningKey('RS256', 'rsa-2'))]);
    kit.use(provider());
    kit.storedKeys.clear();
    expect(await kit.outcome(token({}, { kid: undefined }))).toBe('oauth_token_rejected');
  });

  it('J-31 follows a key rollover with one fetch', async () => {
    expect(await kit.outcome(token())).toBe('user alice');
    idp.clear();
    const next = newSigningKey('RS256', 'rsa-next');
    idp.serveDiscovery([toJwk(next), toJwk(key)]);
    expect(await kit.outcome(token({ jti: 'n' }, {}, next))).toBe('user alice');
    expect(await kit.outcome(token({ jti: 'o' }))).toBe('user alice');
    expect(idp.count('/jwks')).toBe(1);
  });

  it('refuses sender-constrained tokens as plain bearer tokens', async () => {
    expect(await kit.outcome(token({ cnf: { jkt: 'x' } }))).toBe('token_binding_required');
    expect(await kit.outcome(token({ cnf: { 'x5t#S256': 'x' } }))).toBe('token_binding_required');
  });

  it('refuses a token for another audience and client', async () => {
    expect(await kit.outcome(token({ aud: 'https://other.test', client_id: 'other-app' }))).toBe(
      'token_audience',
    );
    expect(
      await kit.outcome(token({ aud: ['https://other.test', 'https://gw.test'], client_id: 'other-app' })),
    ).toBe('user alice');
    expect(await kit.outcome(token({ aud: { 0: 'https://gw.test' }, client_id: 'x' }))).toBe(
      'token_audience',
    );
  });

  it('lets a machine in only through the service account table', async () => {
    const machine = { sub: 'ci-bot', client_id: 'ci-bot', preferred_username: 'admin' };
    expect(await kit.outcome(token(machine))).toBe('user_attribute_missing');
    kit.use(provider({ serviceAccounts: [{ clientId: 'ci-bot', username: 'robot' }] }));
    expect(await kit.outcome(token(machine))).toBe('user robot');
    expect(await kit.outcome(token({ ...machine, aud: 'https://other.test' }))).toBe('user robot');
  });

  it('forgets a token when its provider is changed, and only then', async () => {
    const one = provider();
    kit.use(one);
    const good = token();
    expect(await kit.outcome(good)).toBe('user alice');
    kit.use(one, provider({ name: 'second', issuer: 'https://second.test' }));
    expect(kit.verifier.verify(good)).not.toBeInstanceOf(Promise);
    kit.use(provider({ id: one.id, usernameAttribute: 'sub' }));
    expect(await kit.outcome(good)).toBe('user u1');
    kit.use();
    expect(await kit.outcome(good)).toBe('oauth_token_rejected');
  });
});
