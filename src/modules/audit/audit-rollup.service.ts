import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import { asLeader, LEADER_LOCKS } from '../../platform/schedule/leader-lock.js';
import { AuditPartitionsRepository } from './audit-partitions.repository.js';
import { AuditRollupRepository } from './audit-rollup.repository.js';

const EVERY_MS = 60_000;
/** Counting a day anew reads all of its events; while replicas of an older version write, that is needed each time. */
const RECOUNT_EVERY = 10;

/** Keeps the counts of the statistics short and complete, on one node at a time. */
@Injectable()
export class AuditRollups implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private rounds = 0;
  private stopped = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly rollups: AuditRollupRepository,
    private readonly partitions: AuditPartitionsRepository,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** The first round does not hold up the start: after an upgrade it counts all events there are. */
  onApplicationBootstrap(): void {
    this.attempt();
    this.timer = setInterval(() => this.attempt(), EVERY_MS);
    this.timer.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.running;
  }

  /** Adds what was noted to the counts. Throws when the database is away. */
  async merge(): Promise<void> {
    await asLeader(this.dataSource, LEADER_LOCKS.auditStatistics, () => this.rollups.merge());
  }

  /** Counts the days that need it, newest first, and forgets those that are gone. Throws when the database is away. */
  async recount(): Promise<void> {
    await asLeader(this.dataSource, LEADER_LOCKS.auditStatistics, async () => {
      for (const day of await this.rollups.uncountedDays()) {
        if (this.stopped) return;
        await this.partitions.ensure([day]);
        await this.rollups.recount(day);
      }
      await this.partitions.dropOrphans();
    });
  }

  private attempt(): void {
    this.running ??= this.round()
      .catch((error: unknown) => {
        // Statistics stay right without it, and become slow.
        this.log.warn({ err: error }, 'the counts of the audit log are not up to date; tried again later');
      })
      .finally(() => (this.running = undefined));
  }

  private async round(): Promise<void> {
    if (this.rounds++ % RECOUNT_EVERY === 0) await this.recount();
    await this.merge();
  }
}
