import { refuse } from '../token-refusal.policy.js';
import type { Preset } from './preset.policy.js';

const ISSUER = 'https://cognito-idp.{region}.amazonaws.com/{userPoolId}';

/** AWS Cognito: issuer and hosted domain are two hosts. */
export const COGNITO: Preset = {
  id: 'aws-cognito',
  name: 'AWS Cognito',
  fields: [
    {
      name: 'region',
      label: 'Region',
      kind: 'host',
      required: true,
      description: 'For example eu-central-1.',
    },
    {
      name: 'userPoolId',
      label: 'User pool ID',
      kind: 'text',
      required: true,
      description: 'For example eu-central-1_AbCdEfGhI.',
    },
    {
      name: 'domain',
      label: 'Domain',
      kind: 'host',
      required: true,
      description: 'Host name of the managed login, for example example.auth.eu-central-1.amazoncognito.com.',
    },
  ],
  endpoints: {
    authorization: 'https://{domain}/oauth2/authorize',
    token: 'https://{domain}/oauth2/token',
    userinfo: 'https://{domain}/oauth2/userInfo',
    jwks: `${ISSUER}/.well-known/jwks.json`,
    revocation: 'https://{domain}/oauth2/revoke',
  },
  issuer: ISSUER,
  scope: 'openid email profile',
  usernameAttribute: 'username',
  validation: 'jwt',
  acceptPlainJwt: true,
  clientAuthentication: 'basic',
  clientCredentials: true,
  refusalOfClaims: (claims) =>
    claims['token_use'] === 'access'
      ? undefined
      : refuse('token_type_rejected', 'The token does not say that it is an access token (token_use).'),
  notes: [
    'Access tokens have no audience: they are recognised by client_id.',
    'username may be a UUID; choose email then, with the look-up "email".',
  ],
};
