import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { HEALTH } from '../health/health.port.js';
import type { CheckResult, HealthPort } from '../health/health.port.js';
import { statusOf } from './stored-pat-state.policy.js';
import { STORED_PATS_SLOT } from './stored-pats.port.js';

/** Says how many stored tokens do not work any more: numbers only, because health is public. */
@Injectable()
export class StoredPatHealth {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(HEALTH) health: HealthPort,
  ) {
    health.register('stored-tokens', () => this.check(Date.now()));
  }

  private check(now: number): CheckResult {
    let useless = 0;
    for (const pat of STORED_PATS_SLOT.of(this.changeFeed.current).values()) {
      const status = statusOf(pat, now);
      if (status === 'refused' || status === 'expired') useless++;
    }
    if (useless === 0) return { ok: true };
    return { ok: true, detail: `Stored personal access tokens that are no longer accepted: ${useless}.` };
  }
}
