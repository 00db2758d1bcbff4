import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { ProblemError } from '../../platform/http/problem.js';
import { SETTINGS_STORE } from '../../platform/settings/settings.port.js';
import type { SettingsStorePort, StoredSetting } from '../../platform/settings/settings.port.js';
import type { Actor } from '../access/access.port.js';
import { APPLICATIONS } from '../applications/applications.port.js';
import {
  compileReadWrite,
  DEFAULT_READ_WRITE_SETTINGS,
  READ_WRITE_KEY,
  readWriteFaults,
  readWriteWarnings,
  tidyReadWrite,
} from './read-write-settings.policy.js';
import type { ReadWriteSettings } from './read-write-settings.policy.js';
import { READ_WRITE } from './restrictions.port.js';

export interface SavedReadWrite extends StoredSetting<ReadWriteSettings> {
  /** What an admin should look at, although it was saved. */
  readonly warnings: readonly string[];
}

/** Reads and saves what the admin says about reads and writes, and keeps it compiled in the snapshot. */
@Injectable()
export class ReadWriteService {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(SETTINGS_STORE) private readonly store: SettingsStorePort,
  ) {
    changeFeed.register(READ_WRITE, async () => compileReadWrite((await this.read()).value));
  }

  read(manager?: EntityManager): Promise<StoredSetting<ReadWriteSettings>> {
    return this.store.read(READ_WRITE_KEY, DEFAULT_READ_WRITE_SETTINGS, manager);
  }

  /** Throws 400 that names the faulty entries, and `SettingConflictError` for a lost update. */
  async replace(
    wanted: ReadWriteSettings,
    actor: Actor,
    expectedVersion: number | undefined,
  ): Promise<SavedReadWrite> {
    const faults = readWriteFaults(wanted);
    if (faults.length > 0) {
      throw new ProblemError(400, 'invalid_request', 'The lists hold entries that are not valid.', faults);
    }
    const settings = tidyReadWrite(wanted);
    const { after } = await this.changeFeed.change(
      async (manager) => {
        const before = await this.read(manager);
        const saved = await this.store.write(
          manager,
          READ_WRITE_KEY,
          settings,
          actor.username,
          expectedVersion,
        );
        return { before: before.value, after: saved };
      },
      (change) => ({
        topic: READ_WRITE.topic,
        by: actor.username,
        requestId: actor.requestId,
        clientIp: actor.clientIp,
        target: READ_WRITE_KEY,
        before: change.before,
        after: change.after.value,
      }),
    );
    const applicationKeys = new Set(APPLICATIONS.of(this.changeFeed.current).byKey.keys());
    return { ...after, warnings: readWriteWarnings(settings, applicationKeys) };
  }
}
