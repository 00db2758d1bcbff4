import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { ProblemError } from '../../platform/http/problem.js';
import { SETTINGS_STORE } from '../../platform/settings/settings.port.js';
import type { SettingsStorePort, StoredSetting } from '../../platform/settings/settings.port.js';
import type { Actor } from '../access/access.port.js';
import {
  DEFAULT_RATE_LIMIT,
  RATE_LIMIT_KEY,
  rateLimitFaults,
  tidyRateLimit,
} from './rate-limit-settings.policy.js';
import type { RateLimitSettings } from './rate-limit-settings.policy.js';
import { compileRateLimits, RATE_LIMITS } from './rate-limit.policy.js';

/** Keeps the rate limits, and their compiled form in the snapshot. */
@Injectable()
export class RateLimitSettingsService {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(SETTINGS_STORE) private readonly store: SettingsStorePort,
  ) {
    changeFeed.register(RATE_LIMITS, async () => compileRateLimits((await this.read()).value));
  }

  /** Settings that were saved before a field existed get its default. */
  async read(manager?: EntityManager): Promise<StoredSetting<RateLimitSettings>> {
    const { value, version } = await this.store.read(RATE_LIMIT_KEY, DEFAULT_RATE_LIMIT, manager);
    return { value: { ...DEFAULT_RATE_LIMIT, ...value }, version };
  }

  /** Throws 400 for faulty settings and `SettingConflictError` when another version is stored than expected. */
  async replace(
    given: RateLimitSettings,
    expectedVersion: number | undefined,
    actor: Pick<Actor, 'username' | 'requestId' | 'clientIp'>,
  ): Promise<StoredSetting<RateLimitSettings>> {
    const settings = tidyRateLimit(given);
    const faults = rateLimitFaults(settings);
    if (faults.length > 0)
      throw new ProblemError(400, 'invalid_request', 'The rate limits are not valid.', faults);
    const { after } = await this.changeFeed.change(
      async (manager) => {
        const before = await this.read(manager);
        return {
          before,
          after: await this.store.write(manager, RATE_LIMIT_KEY, settings, actor.username, expectedVersion),
        };
      },
      ({ before, after }) => ({
        topic: RATE_LIMITS.topic,
        by: actor.username,
        requestId: actor.requestId,
        clientIp: actor.clientIp,
        target: RATE_LIMIT_KEY,
        before: before.value,
        after: after.value,
      }),
    );
    return after;
  }
}
