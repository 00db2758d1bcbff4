import { newSigningKey, signWith, toJwk } from '../../support/oidc/jwt.js';
import { startFakeProvider } from '../../support/oidc/fake-provider.js';
import type { FakeProvider } from '../../support/oidc/fake-provider.js';
import { aProvider, VerifierKit } from './kit.js';

const TENANT = '11111111-2222-3333-4444-555555555555';
const OTHER = '99999999-2222-3333-4444-555555555555';
const now = (): number => Math.floor(Date.now() / 1000);

describe('several tenants of Entra', () => {
  const key = newSigningKey('RS256', 'k1');
  let idp: FakeProvider;
  let kit: VerifierKit;

  beforeEach(async () => {
    idp = await startFakeProvider();
  });
  afterEach(async () => {
    await kit.close();
    await idp.close();
  });

  const claims = (tid: string, iss = `https://login.microsoftonline.com/${tid}/v2.0`) => ({
    aud: 'restgate',
    azp: 'restgate',
    sub: 's1',
    oid: 'o1',
    scp: 'access_as_user',
    preferred_username: 'alice@corp.test',
    iss,
    tid,
    iat: now(),
    exp: now() + 60,
  });

  it('ties issuer, tenant and key together', async () => {
    const single = newSigningKey('RS256', 'single');
    idp.serveDiscovery([
      { ...toJwk(key), issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' },
      { ...toJwk(single), issuer: `https://login.microsoftonline.com/${OTHER}/v2.0` },
    ]);
    const parameters = { tenant: 'organizations', apiUri: 'api://our-api' };
    kit = new VerifierKit(
      aProvider({ preset: 'entra-id', parameters, endpoints: { jwks: `${idp.url}/jwks` } }),
    );
    const outcome = (payload: object, by = key) =>
      kit.outcome(signWith(by, payload as Record<string, unknown>, { typ: 'JWT' }));
    expect(await outcome(claims(TENANT))).toBe('user alice@corp.test');
    expect(await outcome(claims(OTHER), single)).toBe('user alice@corp.test');
    expect(await outcome(claims(TENANT), single)).toBe('oauth_token_rejected');
    expect(await outcome(claims(TENANT, `https://login.microsoftonline.com/${OTHER}/v2.0`))).toBe(
      'oauth_token_rejected',
    );
    expect(await outcome(claims('x', 'https://login.microsoftonline.com/x/v2.0'))).toBe(
      'oauth_token_rejected',
    );
  });
});
