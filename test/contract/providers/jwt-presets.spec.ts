import { newSigningKey, signWith, toJwk } from '../../support/oidc/jwt.js';
import { startFakeProvider } from '../../support/oidc/fake-provider.js';
import type { FakeProvider } from '../../support/oidc/fake-provider.js';
import { aProvider, VerifierKit } from './kit.js';

const TENANT = '11111111-2222-3333-4444-555555555555';
const OTHER = '99999999-2222-3333-4444-555555555555';
const now = (): number => Math.floor(Date.now() / 1000);

type Claims = Record<string, unknown>;

interface PresetCase {
  readonly preset: string;
  readonly parameters: Record<string, string>;
  /** Recorded shape of an access token of a person. */
  readonly person: Claims;
  readonly user: string;
  /** What must be refused: name, changed claims, reason. */
  readonly refused: readonly (readonly [string, Claims, string])[];
  /** Recorded shape of a token that the client got for itself: changes to the person's, and its client id. */
  readonly machine?: readonly [Claims, string];
}

const CASES: readonly PresetCase[] = [
  {
    preset: 'entra-id',
    parameters: { tenant: TENANT, apiUri: 'api://our-api' },
    person: {
      iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
      aud: 'restgate',
      azp: 'restgate',
      oid: 'o1',
      sub: 's1',
      tid: TENANT,
      scp: 'access_as_user',
      ver: '2.0',
      preferred_username: 'alice@corp.test',
    },
    user: 'alice@corp.test',
    refused: [
      [
        'another tenant',
        { iss: `https://login.microsoftonline.com/${OTHER}/v2.0`, tid: OTHER },
        'oauth_token_rejected',
      ],
      [
        'Microsoft Graph as audience',
        { aud: '00000003-0000-0000-c000-000000000000', azp: 'restgate' },
        'token_audience',
      ],
      ['Microsoft Graph as URL', { aud: 'https://graph.microsoft.com' }, 'token_audience'],
      ['another API and client', { aud: 'other-api', azp: 'other-app' }, 'token_audience'],
    ],
    machine: [
      { scp: undefined, roles: ['app'], azp: 'robot', sub: 'o9', oid: 'o9', preferred_username: undefined },
      'robot',
    ],
  },
  {
    preset: 'azure-ad-b2c',
    parameters: {
      tenant: 'corp',
      tenantId: TENANT,
      policy: 'B2C_1_signin',
      apiScope: 'https://corp.onmicrosoft.com/api/read',
    },
    person: {
      iss: `https://corp.b2clogin.com/${TENANT}/v2.0/`,
      aud: 'restgate',
      azp: 'restgate',
      scp: 'read',
      sub: 's1',
      emails: ['alice@corp.test'],
    },
    user: 'alice@corp.test',
    refused: [
      [
        'an issuer without slash',
        { iss: `https://corp.b2clogin.com/${TENANT}/v2.0` },
        'oauth_token_rejected',
      ],
      ['no e-mail', { emails: [] }, 'user_attribute_missing'],
      ['another client', { aud: 'other', azp: 'other' }, 'token_audience'],
    ],
  },
  {
    preset: 'keycloak',
    parameters: { baseUrl: 'https://sso.corp.test/auth/', realm: 'my realm' },
    person: {
      iss: 'https://sso.corp.test/auth/realms/my%20realm',
      aud: 'account',
      azp: 'restgate',
      typ: 'Bearer',
      sub: 'u1',
      scope: 'openid profile',
      preferred_username: 'alice',
    },
    user: 'alice',
    refused: [
      ['another client of the realm', { azp: 'other-app' }, 'token_audience'],
      ['an ID token', { typ: 'ID', aud: 'restgate' }, 'token_type_rejected'],
      ['a refresh token', { typ: 'Refresh' }, 'token_type_rejected'],
      ['another realm', { iss: 'https://sso.corp.test/auth/realms/other' }, 'oauth_token_rejected'],
      ['a lightweight token', { preferred_username: undefined }, 'user_attribute_missing'],
    ],
    machine: [{ azp: 'robot', client_id: 'robot', preferred_username: 'service-account-robot' }, 'robot'],
  },
  {
    preset: 'okta',
    parameters: { domain: 'corp.okta.test' },
    person: {
      iss: 'https://corp.okta.test/oauth2/default',
      aud: 'api://default',
      cid: 'restgate',
      uid: '00u1',
      sub: 'alice@corp.test',
      scp: ['openid'],
      preferred_username: 'alice',
    },
    user: 'alice',
    refused: [
      ['another client with the shared audience', { cid: 'other-app' }, 'token_audience'],
      ['the org authorization server', { iss: 'https://corp.okta.test' }, 'oauth_token_rejected'],
    ],
    machine: [{ cid: 'robot', sub: 'robot', uid: undefined, preferred_username: undefined }, 'robot'],
  },
  {
    preset: 'auth0',
    parameters: { domain: 'corp.auth0.test', audience: 'https://api.corp.test' },
    person: {
      iss: 'https://corp.auth0.test/',
      aud: ['https://api.corp.test', 'https://corp.auth0.test/userinfo'],
      azp: 'restgate',
      sub: 'auth0|1',
      scope: 'openid',
      nickname: 'alice',
    },
    user: 'alice',
    refused: [
      ['an issuer without slash', { iss: 'https://corp.auth0.test' }, 'oauth_token_rejected'],
      ['another API and client', { aud: 'https://other.test', azp: 'other' }, 'token_audience'],
    ],
    machine: [
      { sub: 'robot@clients', azp: 'robot', gty: 'client-credentials', nickname: undefined },
      'robot',
    ],
  },
  {
    preset: 'aws-cognito',
    parameters: {
      region: 'eu-west-1',
      userPoolId: 'eu-west-1_Pool',
      domain: 'corp.auth.eu-west-1.amazoncognito.com',
    },
    person: {
      iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool',
      client_id: 'restgate',
      token_use: 'access',
      scope: 'openid',
      sub: 'u1',
      username: 'alice',
    },
    user: 'alice',
    refused: [
      ['an ID token', { token_use: 'id', aud: 'restgate', client_id: undefined }, 'token_type_rejected'],
      ['no token_use', { token_use: undefined }, 'token_type_rejected'],
      ['another client', { client_id: 'other-app' }, 'token_audience'],
      [
        'another pool',
        { iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other' },
        'oauth_token_rejected',
      ],
    ],
    machine: [{ sub: 'robot', client_id: 'robot', username: undefined }, 'robot'],
  },
  {
    preset: 'adfs',
    parameters: { host: 'fs.corp.test', resource: 'https://api.corp.test' },
    person: {
      iss: 'http://fs.corp.test/adfs/services/trust',
      aud: 'https://api.corp.test',
      appid: 'restgate',
      apptype: 'Confidential',
      scp: 'openid',
      upn: 'alice@corp.test',
    },
    user: 'alice@corp.test',
    refused: [
      ['another resource and client', { aud: 'urn:microsoft:userinfo', appid: 'other' }, 'token_audience'],
      ['another host', { iss: 'http://evil.test/adfs/services/trust' }, 'oauth_token_rejected'],
    ],
  },
  {
    preset: 'pingone',
    parameters: { environmentId: 'env-1', region: 'eu' },
    person: {
      iss: 'https://auth.pingone.eu/env-1/as',
      aud: 'https://api.pingone.eu',
      client_id: 'restgate',
      sub: 'u1',
      scope: 'openid',
      preferred_username: 'alice',
    },
    user: 'alice',
    refused: [['another client', { client_id: 'other-app' }, 'token_audience']],
    machine: [{ client_id: 'robot', sub: 'robot', preferred_username: undefined }, 'robot'],
  },
];

describe.each(CASES)('the preset $preset', ({ preset, parameters, person, user, refused, machine }) => {
  const key = newSigningKey('RS256', 'k1');
  let idp: FakeProvider;
  let kit: VerifierKit;

  const token = (more: Claims = {}): string =>
    signWith(key, { iat: now(), exp: now() + 600, ...person, ...more }, { typ: 'JWT' });
  const provider = (more = {}) =>
    aProvider({
      preset,
      parameters,
      endpoints: { jwks: `${idp.url}/jwks`, userinfo: `${idp.url}/userinfo` },
      ...more,
    });

  beforeAll(async () => {
    idp = await startFakeProvider();
    idp.serveDiscovery([toJwk(key)]).on('/userinfo', { status: 401 });
    kit = new VerifierKit();
  });
  afterAll(async () => {
    await kit.close();
    await idp.close();
  });
  beforeEach(() => kit.use(provider()));

  it('accepts an access token of a person', async () => {
    expect(await kit.outcome(token())).toBe(`user ${user}`);
  });

  it.each(refused)('refuses %s', async (_name, more, reason) => {
    expect(await kit.outcome(token(more))).toBe(reason);
  });

  it('lets a machine in by its client id only', async () => {
    const [more, clientId] = machine ?? [
      { sub: 'robot', azp: 'robot', client_id: 'robot', appid: 'robot' },
      'robot',
    ];
    const audience = person['aud'];
    kit.use(provider({ audience: typeof audience === 'string' ? [audience, clientId] : [clientId] }));
    expect(await kit.outcome(token(more))).toBe('user_attribute_missing');
    kit.use(provider({ serviceAccounts: [{ clientId, username: 'robot-user' }] }));
    expect(await kit.outcome(token(more))).toBe('user robot-user');
  });

  it('names every field that is missing', () => {
    const required = Object.keys(parameters)[0] ?? '';
    expect(() => aProvider({ preset, parameters: {} })).toThrow(`parameters.${required}`);
  });
});
