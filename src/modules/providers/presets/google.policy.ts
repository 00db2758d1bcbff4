import { claimsOf } from '../claims.policy.js';
import { unusable } from '../token-answers.policy.js';
import { refuse } from '../token-refusal.policy.js';
import type { AudienceProbe, Preset } from './preset.policy.js';

/** Google's tokeninfo: all values are text; `aud` is the client that the token was issued to. */
const TOKENINFO: AudienceProbe = {
  name: 'tokeninfo',
  request: (provider, token) => ({
    method: 'POST',
    url: provider.endpoints.introspection ?? '',
    form: { access_token: token },
  }),
  read: (answer) => {
    const info = claimsOf(answer.json);
    if (answer.status === 400 || answer.status === 401)
      return refuse('oauth_token_rejected', 'Google does not know the token.');
    if (answer.status !== 200 || !info)
      return unusable(`Google's tokeninfo failed (status ${answer.status}).`, answer);
    const expiry = Number(info['exp']);
    return {
      claims: {
        client_id: info['aud'],
        sub: info['sub'],
        exp: Number.isFinite(expiry) ? expiry : undefined,
      },
    };
  },
};

export const GOOGLE: Preset = {
  id: 'google',
  name: 'Google',
  fields: [
    {
      name: 'hostedDomain',
      label: 'Workspace domain',
      kind: 'host',
      required: false,
      description: 'Only users of this Google Workspace domain (hd).',
    },
  ],
  endpoints: {
    authorization: 'https://accounts.google.com/o/oauth2/v2/auth',
    token: 'https://oauth2.googleapis.com/token',
    userinfo: 'https://openidconnect.googleapis.com/v1/userinfo',
    introspection: 'https://oauth2.googleapis.com/tokeninfo',
    jwks: 'https://www.googleapis.com/oauth2/v3/certs',
    revocation: 'https://oauth2.googleapis.com/revoke',
  },
  issuer: 'https://accounts.google.com',
  scope: 'openid email profile',
  usernameAttribute: 'email',
  userLookup: 'email',
  validation: 'userinfo',
  acceptPlainJwt: false,
  clientAuthentication: 'post',
  clientCredentials: false,
  authorizationParameters: { hd: '{hostedDomain}' },
  probe: TOKENINFO,
  refusalOfUser: (claims, provider) => {
    const domain = provider.parameters['hostedDomain'];
    if (domain === undefined || claims['hd'] === domain) return undefined;
    return refuse('oauth_token_rejected', `The user does not belong to the Workspace domain ${domain}.`);
  },
  notes: [
    'The client that a token was issued to is checked with Google tokeninfo for every new token.',
    'Google has no client credentials grant.',
    'Only verified e-mail addresses are accepted.',
  ],
};
