import { claimsOf, textAt, valueAt } from '../claims.policy.js';
import { unusable } from '../token-answers.policy.js';
import { refuse } from '../token-refusal.policy.js';
import type { AudienceProbe, Preset } from './preset.policy.js';

/** GitLab's token/info names the application; personal access tokens and other apps' tokens are good for /user too. */
const TOKEN_INFO: AudienceProbe = {
  name: 'token-info',
  request: (provider, token) => ({
    method: 'GET',
    url: provider.endpoints.introspection ?? '',
    headers: { authorization: `Bearer ${token}` },
  }),
  read: (answer) => {
    if (answer.status === 401 || answer.status === 400)
      return refuse('oauth_token_rejected', 'GitLab does not know the token.');
    const info = claimsOf(answer.json);
    if (answer.status !== 200 || !info)
      return unusable(`GitLab's token/info failed (status ${answer.status}).`, answer);
    const client = textAt(info, 'application.uid');
    const left = valueAt(info, 'expires_in');
    if (typeof left === 'number' && left <= 0)
      return refuse('token_expired', 'GitLab says that the token has expired.');
    const isMachine = textAt(info, 'resource_owner_id') === undefined;
    return { claims: isMachine ? { client_id: client, sub: client } : { client_id: client } };
  },
};

export const GITLAB: Preset = {
  id: 'gitlab',
  name: 'GitLab',
  fields: [
    {
      name: 'baseUrl',
      label: 'Base URL',
      kind: 'url',
      required: false,
      default: 'https://gitlab.com',
      description: 'https://gitlab.com or your own server.',
    },
  ],
  endpoints: {
    authorization: '{baseUrl}/oauth/authorize',
    token: '{baseUrl}/oauth/token',
    userinfo: '{baseUrl}/oauth/userinfo',
    introspection: '{baseUrl}/oauth/token/info',
    jwks: '{baseUrl}/oauth/discovery/keys',
    revocation: '{baseUrl}/oauth/revoke',
  },
  issuer: '{baseUrl}',
  scope: 'openid profile email',
  usernameAttribute: 'nickname',
  validation: 'userinfo',
  acceptPlainJwt: false,
  clientAuthentication: 'post',
  clientCredentials: true,
  probe: TOKEN_INFO,
  notes: [
    'The application that a token was issued to is checked with token/info for every new token; refresh tokens and personal access tokens are refused.',
    'nickname is the GitLab user name. With the scope read_user use the user info endpoint {baseUrl}/api/v4/user and the attribute username.',
  ],
};
