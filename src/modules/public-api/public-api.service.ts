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
  compilePublicApi,
  DEFAULT_PUBLIC_API_SETTINGS,
  PUBLIC_API_KEY,
  publicApiFaults,
  publicApiWarnings,
  tidyPublicApi,
} from './public-api-settings.policy.js';
import type { PublicApiSettings } from './public-api-settings.policy.js';
import { PUBLIC_API } from './public-api.port.js';

export interface SavedPublicApi extends StoredSetting<PublicApiSettings> {
  /** What an admin should look at, although it was saved. */
  readonly warnings: readonly string[];
}

/** Reads and saves the lists of public, restricted and bypassed APIs, and keeps them compiled in the snapshot. */
@Injectable()
export class PublicApiService {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(SETTINGS_STORE) private readonly store: SettingsStorePort,
  ) {
    changeFeed.register(PUBLIC_API, async () => compilePublicApi((await this.read()).value));
  }

  read(manager?: EntityManager): Promise<StoredSetting<PublicApiSettings>> {
    return this.store.read(PUBLIC_API_KEY, DEFAULT_PUBLIC_API_SETTINGS, manager);
  }

  /** Throws 400 that names the faulty patterns, and `SettingConflictError` for a lost update. */
  async replace(
    wanted: PublicApiSettings,
    actor: Actor,
    expectedVersion: number | undefined,
  ): Promise<SavedPublicApi> {
    const faults = publicApiFaults(wanted);
    if (faults.length > 0) {
      throw new ProblemError(400, 'invalid_request', 'The lists hold patterns that are not valid.', faults);
    }
    const settings = tidyPublicApi(wanted);
    const { after } = await this.changeFeed.change(
      async (manager) => {
        const before = await this.read(manager);
        const saved = await this.store.write(
          manager,
          PUBLIC_API_KEY,
          settings,
          actor.username,
          expectedVersion,
        );
        return { before: before.value, after: saved };
      },
      (change) => ({
        topic: PUBLIC_API.topic,
        by: actor.username,
        requestId: actor.requestId,
        clientIp: actor.clientIp,
        target: PUBLIC_API_KEY,
        before: change.before,
        after: change.after.value,
      }),
    );
    const applicationKeys = new Set(APPLICATIONS.of(this.changeFeed.current).byKey.keys());
    return { ...after, warnings: publicApiWarnings(settings, applicationKeys) };
  }
}
