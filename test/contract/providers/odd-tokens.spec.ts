import type { JwtHeader } from '../../support/oidc/jwt.js';
import { newSigningKey, signWith, toJwk } from '../../support/oidc/jwt.js';
import { startFakeProvider } from '../../support/oidc/fake-provider.js';
import type { FakeProvider } from '../../support/oidc/fake-provider.js';
import { aProvider, VerifierKit } from './kit.js';

const now = (): number => Math.floor(Date.now() / 1000);

describe('what no honest provider sends', () => {
  const key = newSigningKey('ES256', 'ec-1');
  let idp: FakeProvider;
  let kit: VerifierKit;

  const token = (header: JwtHeader = {}, more: object = {}): string =>
    signWith(
      key,
      {
        iss: idp.url,
        aud: 'https://gw.test',
        sub: 'u1',
        client_id: 'restgate',
        iat: now(),
        exp: now() + 600,
        preferred_username: 'alice',
        ...more,
      },
      header,
    );

  beforeEach(async () => {
    idp = await startFakeProvider();
    idp.serveDiscovery([toJwk(key)]);
    kit = new VerifierKit(
      aProvider({ issuer: idp.url, endpoints: { jwks: `${idp.url}/jwks` }, audience: ['https://gw.test'] }),
    );
  });
  afterEach(async () => {
    await kit.close();
    await idp.close();
  });

  it.each([[['at+jwt']], [{}], [{ toString: 1 }], [7], [null], [true]])(
    'J-15 a type that is no text (%j) is the fault of the token, not an error of the gateway',
    async (typ) => {
      expect(await kit.outcome(token({ typ }))).toBe('token_type_rejected');
    },
  );

  it.each([
    ['an algorithm that is a list', { alg: ['ES256'] }, {}],
    ['a key id that is an object', { kid: {} }, {}],
    ['an issuer that is a list', {}, { iss: ['x'] }],
    ['an audience of objects', {}, { aud: [{}], client_id: {} }],
    ['a tenant that is an object', {}, { tid: {}, iss: 'https://x/{tenantid}' }],
    ['a subject that is an object', {}, { sub: {}, preferred_username: {} }],
    [
      'a grant that is a list',
      {},
      { gty: ['x'], idtyp: {}, token_use: {}, scope: {}, aud: 'x', client_id: 'y' },
    ],
  ])('refuses %s by a reason', async (_what, header, claims) => {
    expect(await kit.outcome(token(header, claims))).toMatch(
      /^(oauth_token_rejected|token_audience|token_type_rejected|user_attribute_missing)$/,
    );
  });

  it('a published key that is none is the fault of the provider', async () => {
    idp.serveDiscovery([{ ...toJwk(key), x: 'AA' }]);
    expect(await kit.outcome(token())).toBe('provider_unavailable');
  });
});
