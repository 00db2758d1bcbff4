import type { Preset } from './preset.policy.js';

const BASE = 'https://{subdomain}.onelogin.com/oidc/2';

export const ONE_LOGIN: Preset = {
  id: 'onelogin',
  name: 'OneLogin',
  fields: [
    {
      name: 'subdomain',
      label: 'Subdomain',
      kind: 'host',
      required: true,
      description: 'The first part of example.onelogin.com.',
    },
  ],
  endpoints: {
    authorization: `${BASE}/auth`,
    token: `${BASE}/token`,
    userinfo: `${BASE}/me`,
    introspection: `${BASE}/token/introspection`,
    jwks: `${BASE}/certs`,
    revocation: `${BASE}/token/revocation`,
  },
  issuer: BASE,
  scope: 'openid profile email',
  usernameAttribute: 'preferred_username',
  validation: 'introspection',
  acceptPlainJwt: true,
  clientAuthentication: 'basic',
  clientCredentials: true,
  notes: ['Access tokens are opaque; introspection names the client and user info the user.'],
};
