import { SnapshotSlot } from '../../platform/change-feed/snapshot.js';

export type AnonymousAccess = 'public-apis' | 'application' | 'deny';

export interface GlobalSettings {
  readonly restApiAuthenticationEnabled: boolean;
  readonly basicAuthenticationDisabled: boolean;
  readonly oauthTokensEnabled: boolean;
  readonly personalAccessTokensAllowed: boolean;
  readonly userTokenCreationAllowed: boolean;
  readonly anonymousAccess: AnonymousAccess;
  readonly adminGroups: readonly string[];
  /** Groups whose members may read the audit log and the settings. */
  readonly auditorGroups: readonly string[];
}

export const DEFAULT_GLOBAL_SETTINGS: GlobalSettings = {
  restApiAuthenticationEnabled: true,
  basicAuthenticationDisabled: false,
  oauthTokensEnabled: true,
  personalAccessTokensAllowed: true,
  userTokenCreationAllowed: true,
  anonymousAccess: 'public-apis',
  adminGroups: [],
  auditorGroups: [],
};

export const GLOBAL_SETTINGS = new SnapshotSlot<GlobalSettings>('global-settings', DEFAULT_GLOBAL_SETTINGS);
