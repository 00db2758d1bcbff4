import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { ProblemError } from '../../platform/http/problem.js';
import { SETTINGS_STORE } from '../../platform/settings/settings.port.js';
import type { SettingsStorePort, StoredSetting } from '../../platform/settings/settings.port.js';
import type { Actor } from '../access/access.port.js';
import { wouldLoseAdmin } from './admin-lockout.policy.js';
import { DEFAULT_GLOBAL_SETTINGS, GLOBAL_SETTINGS } from './global-settings.port.js';
import type { GlobalSettings } from './global-settings.port.js';

const KEY = 'global-settings';

/** Keeps the global settings. */
@Injectable()
export class GlobalSettingsService {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(SETTINGS_STORE) private readonly settings: SettingsStorePort,
  ) {
    changeFeed.register(GLOBAL_SETTINGS, async () => (await this.read()).value);
  }

  /** Settings that were saved before a field existed get its default. */
  async read(manager?: EntityManager): Promise<StoredSetting<GlobalSettings>> {
    const { value, version } = await this.settings.read(KEY, DEFAULT_GLOBAL_SETTINGS, manager);
    return { value: { ...DEFAULT_GLOBAL_SETTINGS, ...value }, version };
  }

  /**
   * Changes the given settings only. Throws 409 `would_lock_out` when the actor would no longer be an admin and
   * did not confirm that, `SettingConflictError` when another version is stored than expected.
   */
  async update(
    changes: Partial<GlobalSettings>,
    expectedVersion: number | undefined,
    confirmed: boolean,
    actor: Actor,
  ): Promise<StoredSetting<GlobalSettings>> {
    const { after } = await this.changeFeed.change(
      async (manager) => {
        // Changes run one at a time, so what is read here is what is written over.
        const before = await this.read(manager);
        const value: GlobalSettings = { ...before.value, ...given(changes) };
        if (!confirmed && wouldLoseAdmin(actor, before.value.adminGroups, value.adminGroups)) throw lockOut();
        const stored = await this.settings.write(manager, KEY, value, actor.username, expectedVersion);
        return { before, after: stored };
      },
      ({ before, after }) => ({
        topic: GLOBAL_SETTINGS.topic,
        by: actor.username,
        requestId: actor.requestId,
        clientIp: actor.clientIp,
        target: KEY,
        before: before.value,
        after: after.value,
      }),
    );
    return after;
  }
}

function given(changes: Partial<GlobalSettings>): Partial<GlobalSettings> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}

function lockOut(): ProblemError {
  return new ProblemError(
    409,
    'would_lock_out',
    'None of your groups would be an admin group any more. Repeat with ?confirm=true to save it all the same.',
    [{ field: 'adminGroups', message: 'holds none of your groups' }],
  );
}
