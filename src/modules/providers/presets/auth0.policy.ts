import type { Preset } from './preset.policy.js';

export const AUTH0: Preset = {
  id: 'auth0',
  name: 'Auth0',
  fields: [
    {
      name: 'domain',
      label: 'Domain',
      kind: 'host',
      required: true,
      description: 'For example example.eu.auth0.com.',
    },
    {
      name: 'audience',
      label: 'API identifier',
      kind: 'text',
      required: true,
      description:
        'Identifier of an API in Applications > APIs; without one Auth0 gives tokens that only its user info can read.',
    },
  ],
  endpoints: {
    authorization: 'https://{domain}/authorize',
    token: 'https://{domain}/oauth/token',
    userinfo: 'https://{domain}/userinfo',
    jwks: 'https://{domain}/.well-known/jwks.json',
    revocation: 'https://{domain}/oauth/revoke',
  },
  issuer: 'https://{domain}/',
  scope: 'openid profile email',
  usernameAttribute: 'nickname',
  validation: 'jwt',
  acceptPlainJwt: true,
  clientAuthentication: 'post',
  clientCredentials: true,
  audience: ['{audience}'],
  authorizationParameters: { audience: '{audience}' },
  tokenParameters: { audience: '{audience}' },
  notes: [
    'The issuer ends with a slash.',
    'Attributes of rules and actions have URLs as names, for example https://example.com/username; they are found by their whole name.',
    'Machines are mapped by their client id, without "@clients".',
  ],
};
