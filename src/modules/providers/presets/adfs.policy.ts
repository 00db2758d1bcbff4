import type { Preset } from './preset.policy.js';

const BASE = 'https://{host}/adfs';

/** AD FS 2016 and later. Access tokens name another issuer than the metadata, over http by design. */
export const ADFS: Preset = {
  id: 'adfs',
  name: 'AD FS',
  fields: [
    {
      name: 'host',
      label: 'Host',
      kind: 'host',
      required: true,
      description: 'Federation service name, for example adfs.example.com.',
    },
    {
      name: 'resource',
      label: 'Web API identifier',
      kind: 'text',
      required: true,
      description: 'Identifier of the Web API in the application group.',
    },
  ],
  endpoints: {
    authorization: `${BASE}/oauth2/authorize`,
    token: `${BASE}/oauth2/token`,
    jwks: `${BASE}/discovery/keys`,
  },
  issuer: BASE,
  accessTokenIssuer: 'http://{host}/adfs/services/trust',
  scope: 'openid',
  usernameAttribute: 'upn',
  validation: 'jwt',
  acceptPlainJwt: true,
  clientAuthentication: 'post',
  clientCredentials: true,
  audience: ['{resource}', 'microsoft:identityserver:{resource}'],
  authorizationParameters: { resource: '{resource}' },
  tokenParameters: { resource: '{resource}' },
  notes: [
    'Add issuance transform rules to the Web API that send upn (or the attribute that names the user).',
    'User info of AD FS gives only sub, so the user name must be in the token.',
    'With upn user@domain and user names without domain choose the transform "local-part".',
  ],
};
