import { claimsOf, textAt } from '../claims.policy.js';
import { unusable } from '../token-answers.policy.js';
import { refuse } from '../token-refusal.policy.js';
import type { AudienceProbe, Preset } from './preset.policy.js';

/** GitHub's "check a token": it knows tokens of this very app only; 404 for everything else. */
const CHECK_TOKEN: AudienceProbe = {
  name: 'check-token',
  request: (provider, token) => ({
    method: 'POST',
    url: (provider.endpoints.introspection ?? '').replace(
      '{client_id}',
      encodeURIComponent(provider.clientId),
    ),
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Basic ${Buffer.from(`${provider.clientId}:${provider.clientSecret ?? ''}`).toString('base64')}`,
    },
    json: { access_token: token },
  }),
  read: (answer) => {
    if (answer.status === 404 || answer.status === 422) {
      return refuse(
        'token_audience',
        'GitHub says that the token was not issued to this OAuth app, or is not valid.',
      );
    }
    const info = claimsOf(answer.json);
    if (answer.status !== 200 || !info)
      return unusable(`GitHub could not check the token (status ${answer.status}).`, answer);
    const expiry = Date.parse(textAt(info, 'expires_at') ?? '');
    const exp = Number.isNaN(expiry) ? undefined : Math.floor(expiry / 1000);
    return { claims: { client_id: textAt(info, 'app.client_id'), exp } };
  },
};

const COMMON = {
  scope: 'read:user user:email',
  usernameAttribute: 'login',
  validation: 'userinfo',
  acceptPlainJwt: false,
  clientAuthentication: 'post',
  clientCredentials: false,
  probe: CHECK_TOKEN,
  notes: [
    'The check-token call proves for every new token that it was issued to your OAuth app; a client secret is needed.',
    'email is often empty; login can be changed by the user, id never changes.',
    'GitHub has no client credentials grant.',
  ],
} as const;

export const GITHUB: Preset = {
  ...COMMON,
  id: 'github',
  name: 'GitHub',
  fields: [],
  endpoints: {
    authorization: 'https://github.com/login/oauth/authorize',
    token: 'https://github.com/login/oauth/access_token',
    userinfo: 'https://api.github.com/user',
    introspection: 'https://api.github.com/applications/{client_id}/token',
  },
};

export const GITHUB_ENTERPRISE: Preset = {
  ...COMMON,
  id: 'github-enterprise',
  name: 'GitHub Enterprise Server',
  fields: [
    {
      name: 'host',
      label: 'Host',
      kind: 'host',
      required: true,
      description: 'For example github.example.com.',
    },
  ],
  endpoints: {
    authorization: 'https://{host}/login/oauth/authorize',
    token: 'https://{host}/login/oauth/access_token',
    userinfo: 'https://{host}/api/v3/user',
    introspection: 'https://{host}/api/v3/applications/{client_id}/token',
  },
};
