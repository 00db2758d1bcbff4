import { Injectable } from '@nestjs/common';
import { notFound, ProblemError } from '../../platform/http/problem.js';
import { differences } from './configuration-diff.policy.js';
import { inSection } from './configuration-document.policy.js';
import { ConfigurationSections } from './configuration-sections.service.js';
import type { ApplyContext, ConfigurationSection, VersionedSetting } from './configuration.port.js';
import type {
  SettingVersionDetailView,
  SettingVersionPageView,
  SettingVersionView,
} from './dto/setting-versions.dto.js';
import { SettingVersionsRepository } from './setting-versions.repository.js';
import type { SettingVersionRow } from './setting-versions.repository.js';
import { cursorOf, isVersion, positionOf } from './version-cursor.policy.js';

type VersionedSection = ConfigurationSection & { readonly setting: VersionedSetting };

/** What each group of settings once was, and the way back to it. */
@Injectable()
export class SettingVersions {
  constructor(
    private readonly sections: ConfigurationSections,
    private readonly repository: SettingVersionsRepository,
  ) {}

  /** The newest first, of all settings or of one group. Throws 404 for unknown settings. */
  async list(
    key: string | undefined,
    cursor: string | undefined,
    limit: number,
  ): Promise<SettingVersionPageView> {
    const sections = key === undefined ? this.versioned() : [this.section(key)];
    const keys = sections.map(({ setting }) => setting.key);
    const rows = await this.repository.page(keys, positionOf(cursor), limit + 1);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return {
      items: shown.map((row) => viewOf(this.section(row.key), row)),
      nextCursor: rows.length > limit && last ? cursorOf(last) : null,
    };
  }

  /** One version with its value. Throws 404. */
  async read(key: string, version: number): Promise<SettingVersionDetailView> {
    const section = this.section(key);
    return detailOf(section, await this.stored(key, version));
  }

  /**
   * Saves what a version said as a new version, through the feature's own checks; secrets stay as they are now.
   * Answers the version that is in force then. Throws 404, and what the feature refuses (409 `would_lock_out`).
   */
  async restore(key: string, version: number, context: ApplyContext): Promise<SettingVersionDetailView> {
    const section = this.section(key);
    const { value } = await this.stored(key, version);
    try {
      await section.apply(section.setting.shown(value), context);
    } catch (error) {
      throw error instanceof ProblemError ? inSection(section.name, error) : error;
    }
    const current = await this.repository.current(key);
    if (!current) throw notFound('The version');
    return detailOf(section, current);
  }

  private async stored(key: string, version: number): Promise<SettingVersionRow> {
    const row = isVersion(version) ? await this.repository.find(key, version) : undefined;
    if (!row) throw notFound('The version');
    return row;
  }

  private section(key: string): VersionedSection {
    const found = this.versioned().find(({ setting }) => setting.key === key);
    if (!found) throw notFound('These settings');
    return found;
  }

  private versioned(): VersionedSection[] {
    return this.sections.ordered.filter(
      (section): section is VersionedSection => section.setting !== undefined,
    );
  }
}

function viewOf({ setting }: VersionedSection, row: SettingVersionRow): SettingVersionView {
  const { key, version, at, by, current } = row;
  const before = row.previous === null ? null : setting.shown(row.previous);
  const changes = differences(key, before, setting.shown(row.value));
  return { key, version, at: at.toISOString(), by, current, changes };
}

function detailOf(section: VersionedSection, row: SettingVersionRow): SettingVersionDetailView {
  return { ...viewOf(section, row), value: section.setting.shown(row.value) };
}
