import type { Preset } from './preset.policy.js';

const REALM = '{baseUrl}/realms/{realm}';
const CONNECT = `${REALM}/protocol/openid-connect`;

export const KEYCLOAK: Preset = {
  id: 'keycloak',
  name: 'Keycloak',
  fields: [
    {
      name: 'baseUrl',
      label: 'Base URL',
      kind: 'url',
      required: true,
      description: 'https://keycloak.example.com, with /auth at the end for versions before 17.',
    },
    {
      name: 'realm',
      label: 'Realm',
      kind: 'text',
      required: true,
      description: 'The name of the realm, as in its URL.',
    },
  ],
  endpoints: {
    authorization: `${CONNECT}/auth`,
    token: `${CONNECT}/token`,
    userinfo: `${CONNECT}/userinfo`,
    introspection: `${CONNECT}/token/introspect`,
    jwks: `${CONNECT}/certs`,
    revocation: `${CONNECT}/revoke`,
  },
  issuer: REALM,
  scope: 'openid profile email',
  usernameAttribute: 'preferred_username',
  validation: 'jwt',
  acceptPlainJwt: true,
  clientAuthentication: 'basic',
  clientCredentials: true,
  inactiveHint:
    'Keycloak 26.4.12 and later says "not active" when our client is not in the audience of the token: add an Audience mapper for it, or use the validation "jwt".',
  notes: [
    'Tokens name the client that they were issued to in azp; that is what is compared with the client id.',
    'For introspection add an Audience mapper for this client: newer versions call other tokens "not active".',
    'Machines: service accounts are mapped by their client id under service accounts.',
  ],
};
