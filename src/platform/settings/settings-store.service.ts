import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { SettingConflictError } from './settings.port.js';
import type { SettingsStorePort, StoredSetting } from './settings.port.js';

@Injectable()
export class SettingsStore implements SettingsStorePort {
  constructor(private readonly dataSource: DataSource) {}

  async read<T>(
    key: string,
    fallback: T,
    manager: EntityManager = this.dataSource.manager,
  ): Promise<StoredSetting<T>> {
    const rows = await manager.query<{ value: T; version: number }[]>(
      'SELECT value, version FROM settings WHERE key = $1',
      [key],
    );
    return rows[0] ?? { value: fallback, version: 0 };
  }

  async write<T>(
    manager: EntityManager,
    key: string,
    value: T,
    by: string,
    expectedVersion: number | undefined,
  ): Promise<StoredSetting<T>> {
    const stored = await manager.query<{ version: number }[]>('SELECT version FROM settings WHERE key = $1', [
      key,
    ]);
    const version = stored[0]?.version ?? 0;
    if (expectedVersion !== undefined && expectedVersion !== version) {
      throw new SettingConflictError(`${key} is at version ${version}, not ${expectedVersion}.`);
    }
    const json = JSON.stringify(value);
    await manager.query(
      `INSERT INTO settings (key, value, version, updated_by) VALUES ($1, $2, $3, $4)
       ON CONFLICT (key) DO UPDATE SET value = $2, version = $3, updated_at = now(), updated_by = $4`,
      [key, json, version + 1, by],
    );
    await manager.query(
      'INSERT INTO setting_versions (key, version, value, at, by) VALUES ($1, $2, $3, now(), $4)',
      [key, version + 1, json, by],
    );
    return { value, version: version + 1 };
  }
}
