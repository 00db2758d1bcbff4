import { Inject, Injectable } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { DataSource } from 'typeorm';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import { LEADER_LOCKS, asLeader } from '../../platform/schedule/leader-lock.js';
import { ApplicationHttpError } from '../applications/application-http.port.js';
import { APPLICATIONS } from '../applications/applications.port.js';
import type { Application } from '../applications/applications.port.js';
import { StoredPatCare } from './stored-pat-care.service.js';
import { StoredPatsRepository } from './stored-pats.repository.js';
import type { StoredPatRow } from './stored-pats.repository.js';

/** Nearly a day, so that a token's turn does not wander through the day. */
const EVERY_MS = 20 * 3_600_000;
const MOST_PER_RUN = 2_000;

/** Looks after all stored tokens by the clock: one node of all, one token after the other. */
@Injectable()
export class StoredPatWatch {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(LOGGER) private readonly log: Logger,
    private readonly repository: StoredPatsRepository,
    private readonly care: StoredPatCare,
  ) {}

  @Cron('37 * * * *', { name: 'stored-token-watch' })
  async tick(): Promise<void> {
    try {
      await this.run(Date.now());
    } catch (error) {
      this.log.error({ err: error }, 'looking after stored personal access tokens failed');
    }
  }

  /** Asks about every token whose turn it is; answers how many. */
  async run(now: number): Promise<number> {
    const done = await asLeader(this.dataSource, LEADER_LOCKS.storedPats, async () => {
      const due = await this.repository.due(new Date(now - EVERY_MS), MOST_PER_RUN);
      for (const row of due) await this.lookAfter(row, now);
      return due.length;
    });
    return done ?? 0;
  }

  /** An application that is away only delays its own tokens. */
  private async lookAfter(row: StoredPatRow, now: number): Promise<void> {
    const application = this.applicationOf(row.applicationId);
    if (application?.identity.mode !== 'pat') return;
    try {
      await this.care.lookAfter(application, row, now);
    } catch (error) {
      if (!(error instanceof ApplicationHttpError)) throw error;
      this.log.warn({ err: error, application: application.key }, 'a stored token could not be asked about');
    }
  }

  private applicationOf(id: string): Application | undefined {
    for (const application of APPLICATIONS.of(this.changeFeed.current).byKey.values()) {
      if (application.id === id) return application;
    }
    return undefined;
  }
}
