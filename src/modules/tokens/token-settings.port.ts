import { SnapshotSlot } from '../../platform/change-feed/snapshot.js';

/** The rules that new tokens follow. */
export interface TokenSettings {
  /** null: tokens may live for ever. */
  readonly maxLifetimeDays: number | null;
  /** For tokens that are made without an expiry. */
  readonly defaultLifetimeDays: number;
  /** Active tokens of one user. */
  readonly maxTokensPerUser: number;
  /** Expired and revoked tokens are deleted after so many days; null: never. */
  readonly deleteExpiredAfterDays: number | null;
}

export const DEFAULT_TOKEN_SETTINGS: TokenSettings = {
  maxLifetimeDays: null,
  defaultLifetimeDays: 30,
  maxTokensPerUser: 100,
  deleteExpiredAfterDays: 90,
};

/** Key of the settings document, and topic of its slot. */
export const TOKEN_SETTINGS_KEY = 'token-settings';

export const TOKEN_SETTINGS = new SnapshotSlot<TokenSettings>(TOKEN_SETTINGS_KEY, DEFAULT_TOKEN_SETTINGS);
