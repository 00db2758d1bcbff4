import type { Preset, PresetField } from './preset.policy.js';

/** RFC 8707. */
const RESOURCE: PresetField = {
  name: 'resource',
  label: 'Resource',
  kind: 'text',
  required: false,
  description:
    'Sent as "resource" when a token is fetched, and accepted as its audience. Some servers give JWTs only then.',
};

/** Any OpenID Connect provider: the issuer is enough, discovery fills the rest. */
export const CUSTOM_OIDC: Preset = {
  id: 'custom-oidc',
  name: 'Custom OpenID Connect',
  fields: [RESOURCE],
  endpoints: {},
  audience: ['{resource}'],
  authorizationParameters: { resource: '{resource}' },
  tokenParameters: { resource: '{resource}' },
  scope: 'openid profile email',
  usernameAttribute: 'preferred_username',
  validation: 'jwt',
  acceptPlainJwt: true,
  clientAuthentication: 'basic',
  clientCredentials: true,
  notes: [
    'Fill in the issuer; the endpoints are read from its metadata and each of them can be changed.',
    'Access tokens that are no JWTs need the validation "introspection" or "userinfo".',
  ],
};

/** Any OAuth 2.0 provider: the endpoints are typed in. */
export const CUSTOM_OAUTH2: Preset = {
  id: 'custom-oauth2',
  name: 'Custom OAuth 2.0',
  fields: [],
  endpoints: {},
  scope: '',
  usernameAttribute: 'username',
  validation: 'userinfo',
  acceptPlainJwt: true,
  clientAuthentication: 'basic',
  clientCredentials: true,
  notes: [
    'Fill in the authorization, token and user info endpoints.',
    'User info alone does not prove that a token was issued to your client: add an introspection endpoint, or accept the risk by audienceCheck "accept-any-client".',
  ],
};
