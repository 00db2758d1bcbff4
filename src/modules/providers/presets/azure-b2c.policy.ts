import type { Preset } from './preset.policy.js';

const BASE = 'https://{tenant}.b2clogin.com/{tenant}.onmicrosoft.com/{policy}';

/** Azure AD B2C: one user flow or custom policy. */
export const AZURE_B2C: Preset = {
  id: 'azure-ad-b2c',
  name: 'Azure AD B2C',
  fields: [
    {
      name: 'tenant',
      label: 'Tenant name',
      kind: 'host',
      required: true,
      description: 'The first part of {tenant}.onmicrosoft.com.',
    },
    {
      name: 'tenantId',
      label: 'Tenant ID',
      kind: 'text',
      required: true,
      pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
      description: 'The GUID of the tenant, in lower case: tokens name it in their issuer.',
    },
    {
      name: 'policy',
      label: 'User flow',
      kind: 'text',
      required: true,
      description: 'For example B2C_1_signin.',
    },
    {
      name: 'apiScope',
      label: 'API scope',
      kind: 'text',
      required: true,
      description: 'The full scope of your API, https://{tenant}.onmicrosoft.com/....',
    },
  ],
  endpoints: {
    authorization: `${BASE}/oauth2/v2.0/authorize`,
    token: `${BASE}/oauth2/v2.0/token`,
    jwks: `${BASE}/discovery/v2.0/keys`,
  },
  issuer: 'https://{tenant}.b2clogin.com/{tenantId}/v2.0/',
  otherIssuers: ['https://{tenant}.b2clogin.com/tfp/{tenantId}/{policy}/v2.0/'],
  metadataUrl: `${BASE}/v2.0/.well-known/openid-configuration`,
  scope: 'openid {apiScope}',
  usernameAttribute: 'emails.0',
  userLookup: 'email',
  validation: 'jwt',
  acceptPlainJwt: true,
  clientAuthentication: 'post',
  clientCredentials: true,
  notes: [
    'Closed to new customers since May 2025.',
    'Choose the claim for the user name under Application claims of the user flow: emails.0, signInNames.emailAddress or sub.',
  ],
};
