import type { Preset } from './preset.policy.js';

const SERVER = 'https://{domain}/oauth2/{authorizationServer}';

export const OKTA: Preset = {
  id: 'okta',
  name: 'Okta',
  fields: [
    {
      name: 'domain',
      label: 'Okta domain',
      kind: 'host',
      required: true,
      description: 'For example example.okta.com, without https://.',
    },
    {
      name: 'authorizationServer',
      label: 'Authorization server',
      kind: 'text',
      required: false,
      default: 'default',
      description: 'Id of a custom authorization server, from Security > API.',
    },
  ],
  endpoints: {
    authorization: `${SERVER}/v1/authorize`,
    token: `${SERVER}/v1/token`,
    userinfo: `${SERVER}/v1/userinfo`,
    introspection: `${SERVER}/v1/introspect`,
    jwks: `${SERVER}/v1/keys`,
    revocation: `${SERVER}/v1/revoke`,
  },
  issuer: SERVER,
  scope: 'openid profile email',
  usernameAttribute: 'preferred_username',
  validation: 'jwt',
  acceptPlainJwt: true,
  clientAuthentication: 'basic',
  clientCredentials: true,
  notes: [
    'Tokens name the client that they were issued to in cid. The audience api://default is shared by all clients and proves nothing; add an audience of your own if other clients are to be accepted.',
    'The user name is read from user info, because Okta leaves it out of access tokens; the attribute sub is in both.',
    'Tokens of the org authorization server are not meant to be verified by others: choose Custom OpenID Connect with the issuer https://{domain} and the validation "introspection".',
  ],
};
