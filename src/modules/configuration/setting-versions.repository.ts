import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

export interface SettingVersionRow {
  readonly key: string;
  readonly version: number;
  readonly value: unknown;
  /** Null for the first one. */
  readonly previous: unknown;
  readonly at: Date;
  /** `at` as PostgreSQL writes it: a Date has no microseconds. */
  readonly exactAt: string;
  readonly by: string;
  readonly current: boolean;
}

/** Where a page begins: after this version. */
export interface VersionPosition {
  readonly exactAt: string;
  readonly key: string;
  readonly version: number;
}

const SELECT = `
  SELECT v.key, v.version, v.value, p.value AS previous, v.at, v.at::text AS "exactAt", v.by,
         coalesce(s.version = v.version, false) AS current
  FROM setting_versions v
  LEFT JOIN setting_versions p ON p.key = v.key AND p.version = v.version - 1
  LEFT JOIN settings s ON s.key = v.key`;

/** Reads what settings once were. */
@Injectable()
export class SettingVersionsRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** The newest first. */
  page(
    keys: readonly string[],
    after: VersionPosition | undefined,
    limit: number,
  ): Promise<SettingVersionRow[]> {
    return this.dataSource.query<SettingVersionRow[]>(
      `${SELECT}
       WHERE v.key = ANY($1)
         AND ($2::timestamptz IS NULL OR (v.at, v.key, v.version) < ($2::timestamptz, $3::text, $4::integer))
       ORDER BY v.at DESC, v.key DESC, v.version DESC LIMIT $5`,
      [keys, after?.exactAt ?? null, after?.key ?? null, after?.version ?? null, limit],
    );
  }

  async find(key: string, version: number): Promise<SettingVersionRow | undefined> {
    const rows = await this.dataSource.query<SettingVersionRow[]>(
      `${SELECT} WHERE v.key = $1 AND v.version = $2`,
      [key, version],
    );
    return rows[0];
  }

  async current(key: string): Promise<SettingVersionRow | undefined> {
    const rows = await this.dataSource.query<SettingVersionRow[]>(
      `${SELECT} WHERE v.key = $1 AND s.version = v.version`,
      [key],
    );
    return rows[0];
  }
}
