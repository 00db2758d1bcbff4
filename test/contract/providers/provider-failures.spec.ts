import { newSigningKey, signWith, toJwk } from '../../support/oidc/jwt.js';
import { startFakeProvider } from '../../support/oidc/fake-provider.js';
import type { FakeProvider, ScriptedAnswer } from '../../support/oidc/fake-provider.js';
import { aProvider, VerifierKit } from './kit.js';
import type { ProviderFields } from './kit.js';

const now = (): number => Math.floor(Date.now() / 1000);

describe('providers that misbehave', () => {
  const key = newSigningKey('RS256', 'rsa-1');
  let idp: FakeProvider;
  let kit: VerifierKit;
  const opened: { close(): Promise<void> }[] = [];

  const claims = (): Record<string, unknown> => ({
    iss: idp.url,
    aud: 'restgate',
    client_id: 'restgate',
    sub: 'u1',
    iat: now(),
    exp: now() + 600,
    preferred_username: 'alice',
  });
  const token = (kid = 'rsa-1', jti = 'a'): string => signWith(key, { ...claims(), jti }, { kid });
  const jwt = (more: ProviderFields = {}) =>
    aProvider({ issuer: idp.url, endpoints: { jwks: `${idp.url}/jwks` }, ...more });
  const opaque = (more: ProviderFields = {}) =>
    aProvider({
      preset: 'custom-oauth2',
      clientSecret: 's',
      validation: 'introspection',
      usernameAttribute: 'username',
      endpoints: { introspection: `${idp.url}/introspect` },
      ...more,
    });
  const active = (more: object = {}): ScriptedAnswer => ({
    body: { active: true, client_id: 'restgate', username: 'alice', exp: now() + 600, ...more },
  });

  beforeEach(async () => {
    idp = await startFakeProvider();
    idp.serveDiscovery([toJwk(key)]);
    kit = new VerifierKit();
  });
  afterEach(async () => {
    await Promise.all([kit, idp, ...opened.splice(0)].map((one) => one.close()));
  });

  it('D-01 fetches keys once for any number of unknown key ids, one after another and in parallel', async () => {
    kit.use(jwt());
    for (let i = 0; i < 50; i++)
      expect(await kit.outcome(token(`random-${i}`, `s${i}`))).toBe('oauth_token_rejected');
    const parallel = Array.from({ length: 200 }, (_, i) => kit.outcome(token(`more-${i}`, `p${i}`)));
    expect(new Set(await Promise.all(parallel))).toEqual(new Set(['oauth_token_rejected']));
    expect(idp.count('/jwks')).toBe(1);
    expect(await kit.outcome(token())).toBe('user alice');
  });

  it('D-03 fails fast while the key set hangs', async () => {
    idp.on('/jwks', { action: 'hang' });
    kit.use(jwt());
    expect(await kit.outcome(token())).toBe('provider_unavailable');
    expect(idp.count('/jwks')).toBe(1);
    for (let i = 0; i < 20; i++)
      expect(await kit.outcome(token('rsa-1', `j${i}`))).toBe('provider_unavailable');
    expect(idp.count('/jwks')).toBe(1);
    expect(kit.verifier.status()).toMatchObject([{ ok: false }]);
  });

  it('D-05 does not follow redirects of the key set', async () => {
    const target = await startFakeProvider();
    opened.push(target);
    target.serveDiscovery([toJwk(key)]);
    idp.on('/jwks', { status: 302, headers: { location: `${target.url}/jwks` } });
    kit.use(jwt());
    expect(await kit.outcome(token())).toBe('provider_unavailable');
    expect(target.requests).toHaveLength(0);
  });

  it.each<[string, ScriptedAnswer]>([
    ['status 500', { status: 500, body: { active: true } }],
    ['status 429', { status: 429, headers: { 'retry-after': '7' }, body: {} }],
    ['HTML with 200', { headers: { 'content-type': 'text/html' }, body: '<html>active</html>' }],
    ['an empty object', { body: {} }],
    ['a list', { body: [{ active: true }] }],
    ['active as text', { body: { active: 'true', username: 'alice', client_id: 'restgate' } }],
    ['half an answer', { action: 'half', body: { active: true, username: 'alice', client_id: 'restgate' } }],
    ['a closed connection', { action: 'close' }],
    ['401 for our own credentials', { status: 401, body: { error: 'invalid_client' } }],
    [
      'more than 1 MiB',
      { body: { active: true, username: 'alice', client_id: 'restgate', x: 'x'.repeat(1 << 20) } },
    ],
  ])('D-07 answers 503 when introspection gives %s', async (_name, answer) => {
    idp.on('/introspect', answer);
    kit.use(opaque());
    expect(await kit.outcome('opaque-token')).toBe('provider_unavailable');
  });

  it("D-07 honours the provider's Retry-After and does not ask before", async () => {
    idp.on('/introspect', { status: 429, headers: { 'retry-after': '7' } }, active());
    kit.use(opaque());
    expect(await kit.verifier.verify('opaque-token')).toMatchObject({
      refused: 'provider_unavailable',
      retryAfterSeconds: 7,
    });
    expect(await kit.outcome('opaque-token')).toBe('provider_unavailable');
    expect(idp.count('/introspect')).toBe(1);
  });

  it('D-07 goes on with what is cached when the provider goes away', async () => {
    idp.on('/introspect', active());
    kit.use(opaque());
    expect(await kit.outcome('opaque-token')).toBe('user alice');
    await idp.pause();
    expect(await kit.outcome('opaque-token')).toBe('user alice');
    expect(await kit.outcome('another-token')).toBe('provider_unavailable');
  });

  it('D-11 introspects once for 1000 parallel requests with the same token', async () => {
    idp.on('/introspect', { ...active(), delayMs: 50 });
    kit.use(opaque());
    const outcomes = await Promise.all(Array.from({ length: 1000 }, () => kit.outcome('new-token')));
    expect(new Set(outcomes)).toEqual(new Set(['user alice']));
    expect(idp.count('/introspect')).toBe(1);
  });

  it('D-11 keeps tokens apart that wait at the same time', async () => {
    idp.on('/introspect', (request) =>
      active({ username: new URLSearchParams(request.body).get('token') === 'token-a' ? 'alice' : 'bob' }),
    );
    kit.use(opaque());
    expect(await Promise.all([kit.outcome('token-a'), kit.outcome('token-b')])).toEqual([
      'user alice',
      'user bob',
    ]);
  });

  it('works with stored keys after a restart while the provider is away', async () => {
    const provider = jwt();
    kit.use(provider);
    expect(await kit.outcome(token())).toBe('user alice');
    await idp.pause();
    const restarted = new VerifierKit(jwt({ id: provider.id }));
    opened.push(restarted);
    for (const [id, keys] of kit.storedKeys) {
      restarted.storedKeys.set(id, { ...keys, fetchedAt: new Date(Date.now() - 3600_000) });
    }
    expect(await restarted.outcome(token())).toBe('user alice');
    const tooOld = new VerifierKit(jwt({ id: provider.id }));
    opened.push(tooOld);
    for (const [id, keys] of kit.storedKeys)
      tooOld.storedKeys.set(id, { ...keys, fetchedAt: new Date(Date.now() - 25 * 3600_000) });
    expect(await tooOld.outcome(token())).toBe('provider_unavailable');
  });

  it('asks a second provider when the first does not know the token, and says 503 when the first is away', async () => {
    idp.on('/introspect', { body: { active: false } });
    idp.on('/second', active());
    const second = opaque({ name: 'second', order: 200, endpoints: { introspection: `${idp.url}/second` } });
    kit.use(opaque(), second);
    expect(await kit.outcome('opaque-token')).toBe('user alice');
    idp.on('/introspect', { status: 500 }).on('/second', { body: { active: false } });
    expect(await kit.outcome('other-token')).toBe('provider_unavailable');
  });

  it('a flood of tokens that wait for a slow provider takes no place of a token of another one', async () => {
    const slow = await startFakeProvider();
    opened.push(slow);
    slow.on('/introspect', { action: 'hang' });
    kit.use(
      opaque({ name: 'slow', endpoints: { introspection: `${slow.url}/introspect` } }),
      jwt({ name: 'quick', order: 200 }),
    );
    const flood = Array.from({ length: 1200 }, (_, i) => kit.outcome(`garbage-${i}`));
    expect(await kit.outcome(token())).toBe('user alice');
    expect(await kit.outcome('one-more')).toBe('provider_unavailable');
    expect(new Set(await Promise.all(flood))).toEqual(new Set(['provider_unavailable']));
  }, 20_000);
});
