import type { Preset } from './preset.policy.js';

export const MINI_ORANGE: Preset = {
  id: 'miniorange',
  name: 'miniOrange',
  fields: [
    {
      name: 'baseUrl',
      label: 'Base URL',
      kind: 'url',
      required: false,
      default: 'https://login.xecurify.com',
      description: 'https://login.xecurify.com or the host of your tenant.',
    },
  ],
  endpoints: {
    authorization: '{baseUrl}/moas/idp/openidsso',
    token: '{baseUrl}/moas/rest/oauth/token',
    userinfo: '{baseUrl}/moas/rest/oauth/getuserinfo',
  },
  scope: 'profile email',
  usernameAttribute: 'username',
  validation: 'userinfo',
  acceptPlainJwt: true,
  clientAuthentication: 'post',
  clientCredentials: false,
  notes: [
    'miniOrange cannot tell which client a token was issued to: audienceCheck "accept-any-client" is needed.',
    'Some tenants ask for the scope openid.',
  ],
};
