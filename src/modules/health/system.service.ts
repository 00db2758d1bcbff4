import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';
import { isDatabaseDown } from '../../platform/database/database.errors.js';
import type { SystemServiceView, SystemView } from './dto/system-view.dto.js';
import { ReadinessService } from './readiness.service.js';

@Injectable()
export class SystemService {
  private readonly startedAt = new Date(Date.now() - process.uptime() * 1000);

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly dataSource: DataSource,
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    private readonly checks: ReadinessService,
  ) {}

  /** What this installation is. Also answers while the database is away, and says so. */
  async describe(): Promise<SystemView> {
    const [{ database, migrations }, redis] = await Promise.all([this.database(), this.redis()]);
    return {
      version: this.config.version,
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      startedAt: this.startedAt.toISOString(),
      uptimeSeconds: Math.floor(process.uptime()),
      database,
      redis,
      migrations,
      settingsVersion: this.changeFeed.current.version,
    };
  }

  private async database(): Promise<{ database: SystemServiceView; migrations: string[] }> {
    try {
      const versions = await this.dataSource.query<{ server_version: string }[]>('SHOW server_version');
      const rows = await this.dataSource.query<{ name: string }[]>(
        'SELECT name FROM migrations ORDER BY timestamp',
      );
      const version = versions[0]?.server_version ?? 'unknown';
      return {
        database: { configured: this.config.databaseUrl !== undefined, ok: true, version },
        migrations: rows.map(({ name }) => name),
      };
    } catch (error) {
      if (!isDatabaseDown(error)) throw error;
      const detail = 'It cannot be reached.';
      return {
        database: { configured: this.config.databaseUrl !== undefined, ok: false, detail },
        migrations: [],
      };
    }
  }

  private async redis(): Promise<SystemServiceView> {
    if (this.config.redisUrl === undefined)
      return { configured: false, ok: true, detail: 'Counters are in the process.' };
    const { checks } = await this.checks.readiness();
    const check = checks['redis'];
    if (!check) return { configured: true, ok: false, detail: 'Nothing uses it.' };
    return {
      configured: true,
      ok: check.status !== 'down',
      ...(check.detail ? { detail: check.detail } : {}),
    };
  }
}
