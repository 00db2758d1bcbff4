import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { ProblemError } from '../../platform/http/problem.js';
import { SETTINGS_STORE } from '../../platform/settings/settings.port.js';
import type { SettingsStorePort, StoredSetting } from '../../platform/settings/settings.port.js';
import type { Actor } from '../access/access.port.js';
import { GLOBAL_SETTINGS } from '../global-settings/global-settings.port.js';
import { GroupCheckService } from './group-check.service.js';
import {
  compileGroupSettings,
  DEFAULT_GROUP_SETTINGS,
  GROUP_SETTINGS_KEY,
  groupSettingsFaults,
  newGroups,
  tidyGroupSettings,
} from './group-settings.policy.js';
import type { GroupSettings } from './group-settings.policy.js';
import { GROUP_RESTRICTIONS } from './restrictions.port.js';

export interface SavedGroupSettings extends StoredSetting<GroupSettings> {
  /** What an admin should look at, although it was saved. */
  readonly warnings: readonly string[];
}

/** What a save replaced, and what is stored now. */
export interface GroupSettingsChange {
  readonly before: GroupSettings;
  readonly after: StoredSetting<GroupSettings>;
}

/** Reads and saves the group restrictions, and keeps their compiled form in the snapshot. */
@Injectable()
export class GroupRestrictionsService {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(SETTINGS_STORE) private readonly store: SettingsStorePort,
    private readonly groupCheck: GroupCheckService,
  ) {
    changeFeed.register(GROUP_RESTRICTIONS, async () => compileGroupSettings((await this.read()).value));
  }

  read(manager?: EntityManager): Promise<StoredSetting<GroupSettings>> {
    return this.store.read(GROUP_SETTINGS_KEY, DEFAULT_GROUP_SETTINGS, manager);
  }

  /** `save`, and then a look at the directories, outside of any transaction. */
  async replace(
    wanted: GroupSettings,
    actor: Actor,
    expectedVersion: number | undefined,
  ): Promise<SavedGroupSettings> {
    const { before, after } = await this.save(wanted, actor, expectedVersion);
    const unknown = await this.groupCheck.warningsFor(newGroups(before, after.value));
    return { ...after, warnings: [...this.ownWarnings(after.value), ...unknown] };
  }

  /** Throws 400 for an enabled list without groups, and `SettingConflictError` for a lost update. */
  async save(
    wanted: GroupSettings,
    actor: Actor,
    expectedVersion: number | undefined,
  ): Promise<GroupSettingsChange> {
    const settings = tidyGroupSettings(wanted);
    const faults = groupSettingsFaults(settings);
    if (faults.length > 0) {
      throw new ProblemError(
        400,
        'invalid_request',
        'A list that is enabled needs at least one group.',
        faults,
      );
    }
    return this.changeFeed.change(
      async (manager) => {
        const before = await this.read(manager);
        const after = await this.store.write(
          manager,
          GROUP_SETTINGS_KEY,
          settings,
          actor.username,
          expectedVersion,
        );
        return { before: before.value, after };
      },
      ({ before, after }) => ({
        topic: GROUP_RESTRICTIONS.topic,
        by: actor.username,
        requestId: actor.requestId,
        clientIp: actor.clientIp,
        target: GROUP_SETTINGS_KEY,
        before,
        after: after.value,
      }),
    );
  }

  private ownWarnings(settings: GroupSettings): string[] {
    const allowed = GLOBAL_SETTINGS.of(this.changeFeed.current).userTokenCreationAllowed;
    if (!settings.tokenCreation.enabled || allowed) return [];
    return ['tokenCreation has no effect: the global setting userTokenCreationAllowed is off.'];
  }
}
