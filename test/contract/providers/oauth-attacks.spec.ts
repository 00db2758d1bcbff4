import { newSigningKey, signWith, toJwk } from '../../support/oidc/jwt.js';
import { startFakeProvider } from '../../support/oidc/fake-provider.js';
import type { FakeProvider } from '../../support/oidc/fake-provider.js';
import { startOidcProvider } from '../../support/oidc/provider.js';
import type { OidcTestProvider } from '../../support/oidc/provider.js';
import { aProvider, VerifierKit } from './kit.js';
import type { ProviderFields } from './kit.js';

const now = (): number => Math.floor(Date.now() / 1000);

describe('opaque tokens', () => {
  let idp: FakeProvider;
  let kit: VerifierKit;

  const opaque = (more: ProviderFields = {}) =>
    aProvider({
      clientSecret: 's',
      issuer: idp.url,
      validation: 'introspection',
      usernameAttribute: 'username',
      endpoints: { introspection: `${idp.url}/introspect` },
      ...more,
    });
  const answer = (more: object): void => {
    idp.on('/introspect', {
      body: { active: true, client_id: 'restgate', username: 'alice', exp: now() + 60, ...more },
    });
  };

  beforeEach(async () => {
    idp = await startFakeProvider();
    kit = new VerifierKit(opaque());
  });
  afterEach(async () => {
    await kit.close();
    await idp.close();
  });

  it('O-03 refuses settings that cannot prove the audience, unless the risk is accepted by name', () => {
    const userinfoOnly: ProviderFields = {
      preset: 'custom-oauth2',
      endpoints: { userinfo: `${idp.url}/userinfo` },
    };
    expect(() => aProvider(userinfoOnly)).toThrow(/accept-any-client/);
    expect(() => aProvider({ ...userinfoOnly, audienceCheck: 'accept-any-client' })).not.toThrow();
  });

  it('O-05 refuses an active token whose expiry is over', async () => {
    answer({ exp: now() - 1 });
    expect(await kit.outcome('t')).toBe('token_expired');
    answer({ exp: String(now() + 60) });
    expect(await kit.outcome('u')).toBe('oauth_token_rejected');
  });

  it('O-07 refuses an active token of another issuer', async () => {
    answer({ iss: `${idp.url}/realms/other` });
    expect(await kit.outcome('t')).toBe('oauth_token_rejected');
    answer({ iss: idp.url });
    expect(await kit.outcome('u')).toBe('user alice');
  });

  it('O-09 never takes the answer of one provider for another one', async () => {
    answer({});
    const first = opaque();
    const second = opaque({ name: 'second', endpoints: { introspection: `${idp.url}/second` } });
    idp.on('/second', { body: { active: false } });
    kit.use(first, second);
    expect(await kit.outcome('t')).toBe('user alice');
    kit.use(second);
    expect(await kit.outcome('t')).toBe('oauth_token_rejected');
  });

  it.each(['refresh_token', 'id_token', 'Refresh'])(
    'refuses an active token of the type %s',
    async (token_type) => {
      answer({ token_type });
      expect(await kit.outcome('t')).toBe('token_type_rejected');
    },
  );

  it('refuses a token of another client, and one bound to a key', async () => {
    answer({ client_id: 'other-app' });
    expect(await kit.outcome('t')).toBe('token_audience');
    answer({ cnf: { jkt: 'x' } });
    expect(await kit.outcome('u')).toBe('token_binding_required');
    answer({ token_type: 'DPoP' });
    expect(await kit.outcome('v')).toBe('token_binding_required');
  });

  it('lets user info fill in the name, for the same subject only', async () => {
    kit.use(
      opaque({ endpoints: { introspection: `${idp.url}/introspect`, userinfo: `${idp.url}/userinfo` } }),
    );
    answer({ username: undefined, sub: 'u1' });
    idp.on('/userinfo', { body: { sub: 'u1', username: 'alice' } });
    expect(await kit.outcome('t')).toBe('user alice');
    idp.on('/userinfo', { body: { sub: 'u2', username: 'root' } });
    expect(await kit.outcome('u')).toBe('oauth_token_rejected');
  });

  it('maps an introspected machine that names nobody, but no person who comes through the same client', async () => {
    const machines = { serviceAccounts: [{ clientId: 'ci-bot', username: 'robot' }] };
    answer({ client_id: 'ci-bot', username: undefined });
    kit.use(opaque(machines));
    expect(await kit.outcome('t')).toBe('user robot');
    answer({ client_id: 'ci-bot', username: 'alice', sub: 'u1' });
    expect(await kit.outcome('u')).toBe('token_audience');
    kit.use(
      opaque({
        ...machines,
        endpoints: { introspection: `${idp.url}/introspect`, userinfo: `${idp.url}/userinfo` },
      }),
    );
    answer({ client_id: 'ci-bot', username: undefined, token_type: 'Bearer' });
    idp.on('/userinfo', { body: { sub: 'u1', username: 'alice' } });
    expect(await kit.outcome('v')).toBe('token_audience');
  });

  it('takes no proof of audience out of user info', async () => {
    idp.on('/userinfo', { body: { sub: 'u1', username: 'alice', client_id: 'restgate', aud: 'restgate' } });
    kit.use({
      ...opaque({
        validation: 'userinfo',
        audienceCheck: 'accept-any-client',
        endpoints: { userinfo: `${idp.url}/userinfo` },
      }),
      audienceCheck: 'required',
    });
    expect(await kit.outcome('t')).toBe('token_audience');
  });

  it('reads signed user info, when the signature is the provider’s', async () => {
    const key = newSigningKey('RS256', 'k1');
    const endpoints = {
      introspection: `${idp.url}/introspect`,
      userinfo: `${idp.url}/userinfo`,
      jwks: `${idp.url}/jwks`,
    };
    idp.serveDiscovery([toJwk(key)]);
    kit.use(opaque({ endpoints }));
    answer({ username: undefined, sub: 'u1' });
    const signed = (claims: object, by = key) => {
      const body = signWith(by, { sub: 'u1', username: 'alice', ...claims }, { typ: 'JWT' });
      idp.on('/userinfo', { headers: { 'Content-Type': 'application/jwt' }, body });
    };
    signed({});
    expect(await kit.outcome('a')).toBe('user alice');
    signed({ iss: 'https://evil.test' });
    expect(await kit.outcome('b')).toBe('provider_unavailable');
    signed({ aud: 'other-app' });
    expect(await kit.outcome('c')).toBe('provider_unavailable');
    kit.use(opaque({ endpoints }));
    signed({}, newSigningKey('RS256', 'k1'));
    expect(await kit.outcome('d')).toBe('provider_unavailable');
  });

  it('never shows a JWT of a strange issuer to a provider with another one', async () => {
    const head = Buffer.from('{"alg":"RS256"}').toString('base64url');
    const body = Buffer.from('{"iss":"https://elsewhere.test"}').toString('base64url');
    expect(await kit.outcome(`${head}.${body}.AAAA`)).toBe('oauth_token_rejected');
    expect(idp.requests).toHaveLength(0);
  });
});

describe('with a real OpenID provider', () => {
  let idp: OidcTestProvider;
  let kit: VerifierKit;

  beforeAll(async () => {
    idp = await startOidcProvider();
    kit = new VerifierKit();
  });
  afterAll(async () => {
    await kit.close();
    await idp.close();
  });

  const provider = (more: ProviderFields) =>
    aProvider({
      issuer: idp.issuer,
      clientSecret: 'restgate-secret-for-tests-only',
      audience: [idp.resource],
      ...more,
    });
  const jwks = () => ({ jwks: `${idp.issuer}/jwks` });
  const opaqueEndpoints = () => ({
    introspection: `${idp.issuer}/token/introspection`,
    userinfo: `${idp.issuer}/me`,
  });

  it('accepts JWTs by signature and by both', async () => {
    kit.use(provider({ endpoints: jwks() }));
    const token = await idp.fetchJwt('alice');
    expect(await kit.outcome(token)).toBe('user alice');
  });

  it('accepts opaque tokens by introspection and by user info with introspection as proof', async () => {
    const token = await idp.fetchOpaque('alice');
    const foreign = await idp.fetchOpaque('alice', 'other-app');
    for (const validation of ['introspection', 'userinfo'] as const) {
      kit.use(provider({ validation, endpoints: opaqueEndpoints() }));
      expect(await kit.outcome(token)).toBe('user alice');
      expect(await kit.outcome(foreign)).toBe('token_audience');
    }
  });

  it('refuses ID and refresh tokens in every mode', async () => {
    const set = await idp.fetchToken({ user: 'alice', scope: 'openid offline_access' });
    kit.use(provider({ endpoints: jwks() }));
    expect(await kit.outcome(set.id_token ?? '')).toBe('token_type_rejected');
    kit.use(provider({ validation: 'introspection', endpoints: opaqueEndpoints() }));
    expect(await kit.outcome(set.refresh_token ?? '')).toBe('token_type_rejected');
  });

  it('maps a machine by its client id only', async () => {
    const { access_token } = await idp.clientCredentials('ci-bot');
    kit.use(provider({ endpoints: jwks() }));
    expect(await kit.outcome(access_token)).toBe('user_attribute_missing');
    kit.use(provider({ endpoints: jwks(), serviceAccounts: [{ clientId: 'ci-bot', username: 'robot' }] }));
    expect(await kit.outcome(access_token)).toBe('user robot');
  });

  it('tells every step for explain', async () => {
    kit.use(provider({ endpoints: jwks() }));
    const { result, steps } = await kit.verifier.explain(await idp.fetchJwt('alice'));
    expect(result).toMatchObject({ subject: { value: 'alice' } });
    expect(steps.map((step) => step.step)).toEqual(['form', 'provider', 'validity', 'audience', 'user']);
  });
});
