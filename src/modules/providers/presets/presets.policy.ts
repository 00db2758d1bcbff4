import { ADFS } from './adfs.policy.js';
import { AUTH0 } from './auth0.policy.js';
import { AZURE_B2C } from './azure-b2c.policy.js';
import { COGNITO } from './cognito.policy.js';
import { CUSTOM_OAUTH2, CUSTOM_OIDC } from './custom.policy.js';
import { ENTRA } from './entra.policy.js';
import { FACEBOOK } from './facebook.policy.js';
import { GITHUB, GITHUB_ENTERPRISE } from './github.policy.js';
import { GITLAB } from './gitlab.policy.js';
import { GOOGLE } from './google.policy.js';
import { KEYCLOAK } from './keycloak.policy.js';
import { MINI_ORANGE } from './mini-orange.policy.js';
import { OKTA } from './okta.policy.js';
import { ONE_LOGIN } from './one-login.policy.js';
import { PING_FEDERATE, PING_ONE } from './ping.policy.js';
import type { Preset } from './preset.policy.js';
import { SLACK } from './slack.policy.js';

/** Every preset, in the order in which the console shows them. */
export const PRESETS: readonly Preset[] = [
  ENTRA,
  AZURE_B2C,
  KEYCLOAK,
  OKTA,
  COGNITO,
  GOOGLE,
  GITHUB,
  GITHUB_ENTERPRISE,
  GITLAB,
  SLACK,
  FACEBOOK,
  AUTH0,
  ADFS,
  ONE_LOGIN,
  PING_ONE,
  PING_FEDERATE,
  MINI_ORANGE,
  CUSTOM_OIDC,
  CUSTOM_OAUTH2,
];

export const PRESET_IDS: readonly string[] = PRESETS.map((preset) => preset.id);

const BY_ID = new Map(PRESETS.map((preset) => [preset.id, preset]));

/** The preset of a stored provider. Throws when it does not exist: stored providers were checked. */
export function presetOf(id: string): Preset {
  const preset = BY_ID.get(id);
  if (!preset) throw new Error(`The preset ${id} does not exist.`);
  return preset;
}
