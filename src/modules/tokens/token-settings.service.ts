import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { invalidField } from '../../platform/http/problem.js';
import { SETTINGS_STORE } from '../../platform/settings/settings.port.js';
import type { SettingsStorePort, StoredSetting } from '../../platform/settings/settings.port.js';
import type { Actor } from '../access/access.port.js';
import type { SaveTokenSettings } from './dto/token-settings.dto.js';
import { DEFAULT_TOKEN_SETTINGS, TOKEN_SETTINGS, TOKEN_SETTINGS_KEY } from './token-settings.port.js';
import type { TokenSettings } from './token-settings.port.js';

/** Keeps the rules for new tokens. */
@Injectable()
export class TokenSettingsService {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(SETTINGS_STORE) private readonly settings: SettingsStorePort,
  ) {
    changeFeed.register(TOKEN_SETTINGS, async () => (await this.read()).value);
  }

  async read(manager?: EntityManager): Promise<StoredSetting<TokenSettings>> {
    const { value, version } = await this.settings.read(TOKEN_SETTINGS_KEY, DEFAULT_TOKEN_SETTINGS, manager);
    return { value: { ...DEFAULT_TOKEN_SETTINGS, ...value }, version };
  }

  /** Throws 400 when the default is longer than the maximum, `SettingConflictError` for another version. */
  async save(
    request: SaveTokenSettings,
    expectedVersion: number | undefined,
    actor: Actor,
  ): Promise<StoredSetting<TokenSettings>> {
    const value = complete(request);
    return this.changeFeed
      .change(
        async (manager) => {
          const before = await this.read(manager);
          const after = await this.settings.write(
            manager,
            TOKEN_SETTINGS_KEY,
            value,
            actor.username,
            expectedVersion,
          );
          return { before, after };
        },
        ({ before, after }) => ({
          topic: TOKEN_SETTINGS.topic,
          by: actor.username,
          requestId: actor.requestId,
          clientIp: actor.clientIp,
          target: TOKEN_SETTINGS_KEY,
          before: before.value,
          after: after.value,
        }),
      )
      .then(({ after }) => after);
  }
}

function complete(request: SaveTokenSettings): TokenSettings {
  const { maxLifetimeDays = DEFAULT_TOKEN_SETTINGS.maxLifetimeDays } = request;
  const longest = maxLifetimeDays ?? Infinity;
  const {
    defaultLifetimeDays = Math.min(DEFAULT_TOKEN_SETTINGS.defaultLifetimeDays, longest),
    maxTokensPerUser = DEFAULT_TOKEN_SETTINGS.maxTokensPerUser,
    deleteExpiredAfterDays = DEFAULT_TOKEN_SETTINGS.deleteExpiredAfterDays,
  } = request;
  if (defaultLifetimeDays > longest) {
    throw invalidField('defaultLifetimeDays', 'must not be longer than maxLifetimeDays');
  }
  return { maxLifetimeDays, defaultLifetimeDays, maxTokensPerUser, deleteExpiredAfterDays };
}
