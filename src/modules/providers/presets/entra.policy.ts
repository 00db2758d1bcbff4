import { textsAt } from '../claims.policy.js';
import { refuse } from '../token-refusal.policy.js';
import type { Preset } from './preset.policy.js';

const GRAPH = [
  '00000003-0000-0000-c000-000000000000',
  'https://graph.microsoft.com',
  'https://graph.microsoft.com/',
];
const TENANT = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|organizations|common)$/i;
const LOGIN = 'https://login.microsoftonline.com';

/** Microsoft Entra ID (Azure AD): tokens for an own API, verified locally. */
export const ENTRA: Preset = {
  id: 'entra-id',
  name: 'Microsoft Entra ID (Azure AD)',
  fields: [
    {
      name: 'tenant',
      label: 'Directory (tenant) ID',
      kind: 'text',
      required: true,
      pattern: TENANT,
      description:
        'The GUID on the Overview page of the app registration; "organizations" or "common" for several tenants.',
    },
    {
      name: 'apiUri',
      label: 'Application ID URI',
      kind: 'text',
      required: true,
      pattern: /^[a-z][a-z0-9+.-]*:\/\/\S+$/i,
      description: 'From "Expose an API", for example api://1b2c3d4e-....',
    },
    {
      name: 'apiScope',
      label: 'Scope',
      kind: 'text',
      required: false,
      default: 'access_as_user',
      description: 'The scope that was added under "Expose an API".',
    },
  ],
  endpoints: {
    authorization: `${LOGIN}/{tenant}/oauth2/v2.0/authorize`,
    token: `${LOGIN}/{tenant}/oauth2/v2.0/token`,
    jwks: `${LOGIN}/{tenant}/discovery/v2.0/keys`,
  },
  issuer: `${LOGIN}/{tenant}/v2.0`,
  issuerOf: ({ tenant }) => (isManyTenants(tenant) ? `${LOGIN}/{tenantid}/v2.0` : undefined),
  otherIssuers: ['https://sts.windows.net/{tenant}/'],
  scope: '{apiUri}/{apiScope} openid profile email',
  usernameAttribute: 'preferred_username',
  validation: 'jwt',
  acceptPlainJwt: true,
  clientAuthentication: 'post',
  clientCredentials: true,
  audience: ['{apiUri}'],
  clientCredentialsScope: '{apiUri}/.default',
  refusalOfClaims: (claims) =>
    textsAt(claims, 'aud')?.some((name) => GRAPH.includes(name)) === true
      ? refuse(
          'token_audience',
          'The token is for Microsoft Graph, not for this gateway: nobody else can verify it. Under "Expose an API" add a scope and ask for api://.../scope.',
        )
      : undefined,
  notes: [
    'Expose an API in the app registration and ask for its scope: tokens for Microsoft Graph cannot be verified and are refused.',
    'preferred_username and upn can be changed by directory admins; the attribute oid never changes.',
    'Tokens of version 1 (issuer sts.windows.net) are accepted too; their user name is in upn or unique_name.',
    'With "organizations" or "common" users of every tenant that may use the app are accepted.',
  ],
};

function isManyTenants(tenant: string | undefined): boolean {
  return tenant === 'organizations' || tenant === 'common';
}
