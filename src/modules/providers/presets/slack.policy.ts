import { textAt } from '../claims.policy.js';
import { refuse } from '../token-refusal.policy.js';
import type { Preset } from './preset.policy.js';

const TEAM = 'https://slack.com/team_id';

/** Sign in with Slack. Slack answers 200 to everything and says `ok: false` when it refuses. */
export const SLACK: Preset = {
  id: 'slack',
  name: 'Slack',
  fields: [
    {
      name: 'teamIds',
      label: 'Team IDs',
      kind: 'text',
      required: true,
      pattern: /^[A-Z0-9]+( *, *[A-Z0-9]+)*$/,
      description: 'Workspaces whose members are accepted, separated by commas: T012AB3C4.',
    },
  ],
  endpoints: {
    authorization: 'https://slack.com/openid/connect/authorize',
    token: 'https://slack.com/api/openid.connect.token',
    userinfo: 'https://slack.com/api/openid.connect.userInfo',
    jwks: 'https://slack.com/openid/connect/keys',
    revocation: 'https://slack.com/api/auth.revoke',
  },
  issuer: 'https://slack.com',
  scope: 'openid profile email',
  usernameAttribute: 'email',
  userLookup: 'email',
  validation: 'userinfo',
  acceptPlainJwt: false,
  clientAuthentication: 'post',
  clientCredentials: false,
  refusalOfUser: (claims, provider) => {
    const teams = (provider.parameters['teamIds'] ?? '').split(',').map((team) => team.trim());
    const team = textAt(claims, TEAM);
    if (team !== undefined && teams.includes(team)) return undefined;
    return refuse('token_audience', 'The token is of a Slack workspace that is not in the list of team IDs.');
  },
  notes: [
    'Slack cannot tell which app a token was issued to: audienceCheck "accept-any-client" is needed. Only members of the listed workspaces are accepted.',
    'name is a display name; use email, or https://slack.com/user_id.',
  ],
};
