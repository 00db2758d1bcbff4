import type { Preset } from './preset.policy.js';

const PINGONE_BASE = 'https://auth.pingone.{region}/{environmentId}/as';

export const PING_ONE: Preset = {
  id: 'pingone',
  name: 'PingOne',
  fields: [
    {
      name: 'environmentId',
      label: 'Environment ID',
      kind: 'text',
      required: true,
      description: 'The GUID of the environment.',
    },
    {
      name: 'region',
      label: 'Region',
      kind: 'choice',
      required: false,
      default: 'com',
      choices: ['com', 'eu', 'ca', 'asia', 'com.au'],
      description: 'The end of the host name auth.pingone....',
    },
  ],
  endpoints: {
    authorization: `${PINGONE_BASE}/authorize`,
    token: `${PINGONE_BASE}/token`,
    userinfo: `${PINGONE_BASE}/userinfo`,
    introspection: `${PINGONE_BASE}/introspect`,
    jwks: `${PINGONE_BASE}/jwks`,
    revocation: `${PINGONE_BASE}/revoke`,
  },
  issuer: PINGONE_BASE,
  scope: 'openid profile email',
  usernameAttribute: 'preferred_username',
  validation: 'jwt',
  acceptPlainJwt: true,
  clientAuthentication: 'basic',
  clientCredentials: true,
  notes: [
    'Tokens are compared by client_id and aud. The user name is read from user info when the token does not hold it.',
  ],
};

export const PING_FEDERATE: Preset = {
  id: 'pingfederate',
  name: 'PingFederate',
  fields: [
    {
      name: 'baseUrl',
      label: 'Base URL',
      kind: 'url',
      required: true,
      description: 'For example https://sso.example.com:9031.',
    },
  ],
  endpoints: {
    authorization: '{baseUrl}/as/authorization.oauth2',
    token: '{baseUrl}/as/token.oauth2',
    userinfo: '{baseUrl}/idp/userinfo.openid',
    introspection: '{baseUrl}/as/introspect.oauth2',
    jwks: '{baseUrl}/pf/JWKS',
    revocation: '{baseUrl}/as/revoke_token.oauth2',
  },
  issuer: '{baseUrl}',
  scope: 'openid profile email',
  usernameAttribute: 'username',
  validation: 'introspection',
  acceptPlainJwt: true,
  clientAuthentication: 'basic',
  clientCredentials: true,
  notes: [
    'For JWT access tokens choose the validation "jwt"; what the tokens hold is set in the access token manager.',
  ],
};
