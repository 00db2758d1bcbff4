import { createHmac } from 'node:crypto';
import { claimsOf, textAt, valueAt } from '../claims.policy.js';
import type { Provider } from '../provider-settings.port.js';
import { unusable } from '../token-answers.policy.js';
import { refuse } from '../token-refusal.policy.js';
import type { AudienceProbe, Preset } from './preset.policy.js';

/** debug_token names the app. The only endpoint that takes a token in the query; it is Facebook's own. */
const DEBUG_TOKEN: AudienceProbe = {
  name: 'debug-token',
  request: (provider, token) => {
    const query = new URLSearchParams({
      input_token: token,
      access_token: `${provider.clientId}|${provider.clientSecret ?? ''}`,
    });
    return { method: 'GET', url: `${provider.endpoints.introspection ?? ''}?${query.toString()}` };
  },
  read: (answer) => {
    const info = claimsOf(answer.json);
    if (answer.status !== 200 || !info)
      return unusable(`Facebook's debug_token failed (status ${answer.status}).`, answer);
    if (valueAt(info, 'data.is_valid') !== true)
      return refuse('oauth_token_rejected', 'Facebook says that the token is not valid.');
    const client = textAt(info, 'data.app_id');
    const isApp = valueAt(info, 'data.type') === 'APP' || textAt(info, 'data.user_id') === undefined;
    const expiry = valueAt(info, 'data.expires_at');
    return {
      claims: {
        client_id: client,
        ...(isApp ? { sub: client } : {}),
        ...(expiry === 0 ? {} : { exp: expiry }),
      },
    };
  },
};

function proofOf(provider: Provider, token: string): string {
  return createHmac('sha256', provider.clientSecret ?? '')
    .update(token)
    .digest('hex');
}

export const FACEBOOK: Preset = {
  id: 'facebook',
  name: 'Facebook',
  fields: [
    {
      name: 'version',
      label: 'Graph API version',
      kind: 'text',
      required: false,
      default: 'v23.0',
      pattern: /^v\d{1,3}\.\d{1,2}$/,
      description: 'For example v23.0.',
    },
  ],
  endpoints: {
    authorization: 'https://www.facebook.com/{version}/dialog/oauth',
    token: 'https://graph.facebook.com/{version}/oauth/access_token',
    userinfo: 'https://graph.facebook.com/{version}/me?fields=id,name,email',
    introspection: 'https://graph.facebook.com/debug_token',
  },
  scope: 'email public_profile',
  usernameAttribute: 'email',
  userLookup: 'email',
  validation: 'userinfo',
  acceptPlainJwt: false,
  clientAuthentication: 'post',
  clientCredentials: false,
  probe: DEBUG_TOKEN,
  userinfoRequest: (provider, token) => {
    const url = provider.endpoints.userinfo ?? '';
    const joiner = url.includes('?') ? '&' : '?';
    const proof =
      provider.clientSecret === undefined ? '' : `${joiner}appsecret_proof=${proofOf(provider, token)}`;
    return { method: 'GET', url: `${url}${proof}`, headers: { authorization: `Bearer ${token}` } };
  },
  notes: [
    'The app that a token was issued to is checked with debug_token for every new token; a client secret (app secret) is needed.',
    'email is missing when the user did not grant it; id is different for every app.',
    'App tokens (client credentials) name no user and are refused.',
  ],
};
