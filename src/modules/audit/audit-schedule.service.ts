import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob } from 'cron';
import { CLOCK } from '../../lib/clock.js';
import type { Clock } from '../../lib/clock.js';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import { AUDIT_SETTINGS } from './audit-settings.port.js';
import { PruneRuns } from './prune-runs.service.js';

const JOB = 'audit-prune';

/** Runs the retention at the times of the setting, once for all nodes. */
@Injectable()
export class AuditSchedule implements OnModuleInit, OnApplicationShutdown {
  private schedule: string | undefined;

  constructor(
    private readonly registry: SchedulerRegistry,
    private readonly runs: PruneRuns,
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    changeFeed.onReload(AUDIT_SETTINGS.topic, () => this.apply());
  }

  onModuleInit(): void {
    this.apply();
  }

  onApplicationShutdown(): void {
    this.remove();
  }

  /** One run now. Never throws: the next time comes by itself. */
  async tick(): Promise<void> {
    try {
      const run = await this.runs.scheduled(this.slot());
      if (run) this.log.info({ ...run }, 'old audit events were deleted');
    } catch (error) {
      this.log.error({ err: error }, 'deleting old audit events failed; it is tried again at the next time');
    }
  }

  /** Follows the setting: a new time takes the place of the old one. */
  private apply(): void {
    const { schedule } = AUDIT_SETTINGS.of(this.changeFeed.current);
    if (schedule === this.schedule) return;
    this.remove();
    const job = CronJob.from({
      cronTime: schedule,
      timeZone: 'UTC',
      onTick: () => this.tick(),
      waitForCompletion: true,
    });
    this.registry.addCronJob(JOB, job);
    job.start();
    this.schedule = schedule;
  }

  private remove(): void {
    if (this.registry.doesExist('cron', JOB)) this.registry.deleteCronJob(JOB);
    this.schedule = undefined;
  }

  /**
   * The time for which nodes compete: the minute, or the second where the setting has a field for seconds. A node
   * whose clock is wrong by more only causes a second run, which finds nothing left to delete.
   */
  private slot(): string {
    const fields = this.schedule?.split(/\s+/).length ?? 5;
    const unit = fields === 6 ? 1000 : 60_000;
    return `${this.schedule} ${new Date(Math.floor(this.clock.now() / unit) * unit).toISOString()}`;
  }
}
