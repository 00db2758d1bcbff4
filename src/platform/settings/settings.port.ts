import type { EntityManager } from 'typeorm';

export const SETTINGS_STORE = Symbol('SETTINGS_STORE');

export interface StoredSetting<T> {
  readonly value: T;
  /** Grows by one with every save; 0 when it was never saved. The ETag is `"{version}"`. */
  readonly version: number;
}

/** Single documents of settings by key (`rate-limit`, `restrictions/ip`...), each save kept as a version. */
export interface SettingsStorePort {
  /** `manager`: reads within that transaction, on its connection. */
  read<T>(key: string, fallback: T, manager?: EntityManager): Promise<StoredSetting<T>>;
  /**
   * Writes within a change-feed transaction. `expectedVersion` undefined: unconditional. Throws
   * `SettingConflictError` when the stored version is another (HTTP 412).
   */
  write<T>(
    manager: EntityManager,
    key: string,
    value: T,
    by: string,
    expectedVersion: number | undefined,
  ): Promise<StoredSetting<T>>;
}

/** Somebody else saved in between: 412 Precondition Failed. */
export class SettingConflictError extends Error {
  override readonly name = 'SettingConflictError';
}
