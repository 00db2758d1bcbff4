import { startOidcProvider, type OidcTestProvider } from '../../support/oidc/provider.js';
import { decodeJwt } from '../../support/oidc/jwt.js';
import { basic } from '../../support/oidc/code-flow.js';
import { clientSecret } from '../../support/oidc/configuration.js';

let provider: OidcTestProvider;
beforeAll(async () => {
  provider = await startOidcProvider();
});
afterAll(() => provider.close());

async function introspect(token: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${provider.issuer}/token/introspection`, {
    method: 'POST',
    headers: { authorization: basic('restgate', clientSecret('restgate')) },
    body: new URLSearchParams({ token }),
  });
  return (await response.json()) as Record<string, unknown>;
}

describe('the OpenID provider of the test bench', () => {
  it('gives an RFC 9068 token for the resource after the whole code flow', async () => {
    const tokens = await provider.fetchToken({ user: 'alice', resource: provider.resource });
    const { header, payload } = decodeJwt(tokens.access_token);
    expect(header).toMatchObject({ alg: 'RS256', typ: 'at+jwt', kid: provider.signingKey.kid });
    expect(payload).toMatchObject({
      iss: provider.issuer,
      aud: 'https://restgate.test',
      sub: 'sub-alice',
      client_id: 'restgate',
      preferred_username: 'alice',
      email: 'alice@example.com',
      email_verified: true,
      groups: ['staff', 'developers'],
    });
    expect(decodeJwt(tokens.id_token ?? '').payload).toMatchObject({
      aud: 'restgate',
      preferred_username: 'alice',
    });
    expect(tokens.refresh_token).toEqual(expect.any(String));
  });

  it('gives an opaque token without a resource, good for introspection and userinfo', async () => {
    const token = await provider.fetchOpaque('bob');
    expect(token.split('.')).toHaveLength(1);
    expect(await introspect(token)).toMatchObject({ active: true, sub: 'sub-bob', client_id: 'restgate' });
    const me = await fetch(`${provider.issuer}/me`, { headers: { authorization: `Bearer ${token}` } });
    expect(await me.json()).toMatchObject({
      sub: 'sub-bob',
      preferred_username: 'bob',
      groups: ['staff', 'developers'],
    });
  });

  it('knows which client a token was issued to', async () => {
    expect(await introspect(await provider.fetchOpaque('alice', 'other-app'))).toMatchObject({
      client_id: 'other-app',
    });
    expect(decodeJwt(await provider.fetchJwt('alice', 'other-app')).payload).toMatchObject({
      client_id: 'other-app',
    });
  });

  it('says inactive after a revocation', async () => {
    const token = await provider.fetchOpaque('alice');
    await provider.revoke(token);
    expect(await introspect(token)).toEqual({ active: false });
  });

  it('refreshes a token', async () => {
    const first = await provider.fetchToken({ user: 'alice' });
    const second = await provider.refresh(first.refresh_token ?? '');
    expect(second.access_token).not.toBe(first.access_token);
  });

  it('gives a token without a user to ci-bot', async () => {
    const { access_token: token } = await provider.clientCredentials();
    expect(decodeJwt(token).payload).toMatchObject({
      sub: 'ci-bot',
      client_id: 'ci-bot',
      aud: provider.resource,
    });
  });

  it('publishes the new key after a rotation and keeps the old one until told otherwise', async () => {
    const kids = async () => {
      const answer = (await (await fetch(`${provider.issuer}/jwks`)).json()) as { keys: { kid: string }[] };
      return answer.keys.map((each) => each.kid);
    };
    const old = provider.signingKey.kid;
    const fresh = await provider.rotateKeys();
    expect((await kids()).sort()).toEqual([old, fresh.kid].sort());
    expect(decodeJwt(await provider.fetchJwt('alice')).header.kid).toBe(fresh.kid);
    await provider.rotateKeys({ forgetOld: true });
    expect(await kids()).toEqual([provider.signingKey.kid]);
  });

  it('counts requests per endpoint and keeps its port and tokens over a pause', async () => {
    const token = await provider.fetchOpaque('alice');
    provider.clearCounters();
    await introspect(token);
    expect([provider.count('introspection'), provider.count('token')]).toEqual([1, 0]);
    await provider.pause();
    await expect(introspect(token)).rejects.toThrow();
    await provider.resume();
    expect(await introspect(token)).toMatchObject({ active: true });
  });

  it('sends the browser of a gateway on any loopback port back to it, with code, state and iss', async () => {
    const redirectUri = 'http://127.0.0.1:54321/restgate/oauth/callback';
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: 'restgate',
      redirect_uri: redirectUri,
      scope: 'openid',
      state: 's1',
      nonce: 'n1',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    });
    const back = await provider.walkAuthorization(
      `${provider.issuer}/auth?${query.toString()}`,
      'alice',
      redirectUri,
    );
    expect(Object.fromEntries(back.searchParams)).toEqual({
      code: expect.any(String) as string,
      state: 's1',
      iss: provider.issuer,
    });
  });

  it('refuses people it does not know', async () => {
    await expect(provider.fetchToken({ user: 'nobody' })).rejects.toThrow('401');
  });

  it('signs with ES256 and gives JWTs by default when told so', async () => {
    const other = await startOidcProvider({
      signingAlgorithm: 'ES256',
      defaultResource: 'https://restgate.test',
    });
    try {
      const { access_token: token } = await other.fetchToken({ user: 'alice', scope: 'api' });
      expect(decodeJwt(token)).toMatchObject({
        header: { alg: 'ES256' },
        payload: { aud: 'https://restgate.test' },
      });
    } finally {
      await other.close();
    }
  });

  it('shares nothing with another provider', async () => {
    const other = await startOidcProvider();
    try {
      const foreign = await other.fetchOpaque('alice');
      expect(await introspect(foreign)).toEqual({ active: false });
    } finally {
      await other.close();
    }
  });

  it('signs bent tokens: without kid, with alg none, by HMAC over its public key', () => {
    const claims = provider.accessTokenClaims('alice');
    expect(decodeJwt(provider.signJwt(claims, { kid: undefined })).header).not.toHaveProperty('kid');
    expect(provider.signJwt(claims, { alg: 'none' })).toMatch(/\.$/);
    const confused = provider.signJwt(claims, { alg: 'HS256' }, provider.signingKey.publicPem);
    expect(Buffer.from(confused.split('.')[2] ?? '', 'base64url')).toHaveLength(32);
  });
});
