import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CLOCK } from '../../lib/clock.js';
import type { Clock } from '../../lib/clock.js';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import { asLeader, LEADER_LOCKS } from '../../platform/schedule/leader-lock.js';
import { dayAfter, dayOf } from './audit-days.policy.js';
import { AuditPartitionsRepository } from './audit-partitions.repository.js';
import { dueSeals } from './audit-seal.policy.js';
import type { ChainHead } from './audit-seal.policy.js';
import { AuditSealsRepository } from './audit-seals.repository.js';

const EVERY_MS = 10 * 60_000;
const DAYS_AHEAD = 7;
/** Requests that began before midnight may end after it; a day that changes later is sealed again. */
const SEAL_AFTER_MS = 15 * 60_000;
const MOST_STRAY_DAYS = 31;

/** Prepares the tables of the coming days and seals the days that are over, on one node at a time. */
@Injectable()
export class AuditMaintenance implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly partitions: AuditPartitionsRepository,
    private readonly seals: AuditSealsRepository,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.attempt();
    this.timer = setInterval(() => void this.attempt(), EVERY_MS);
    this.timer.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** One round. Throws when the database is away. */
  async run(): Promise<void> {
    await asLeader(this.dataSource, LEADER_LOCKS.auditMaintenance, async () => {
      const now = this.clock.now();
      await this.makeTables(now);
      await this.sealDays(now);
    });
  }

  /** Without it events go to the default table and days stay unsealed: worth a warning, no reason to stop. */
  private attempt(): Promise<void> {
    this.running = this.run().catch((error: unknown) => {
      this.log.warn({ err: error }, 'the upkeep of the audit log failed; it is tried again later');
    });
    return this.running;
  }

  private async makeTables(now: number): Promise<void> {
    const today = dayOf(now);
    await this.partitions.ensure(
      Array.from({ length: DAYS_AHEAD + 2 }, (_unused, at) => dayAfter(today, at - 1)),
    );
    for (let round = 0; round < MOST_STRAY_DAYS; round++) {
      const day = await this.partitions.oldestStray();
      if (day === undefined) return;
      await this.partitions.ensure([day]);
    }
  }

  private async sealDays(now: number): Promise<void> {
    const lastDay = dayAfter(dayOf(now - SEAL_AFTER_MS), -1);
    await this.dataSource.transaction(async (manager) => {
      const heads = await manager.query<ChainHead[]>(
        'SELECT chain, day::text AS day, seq, hash FROM audit_chains WHERE day <= $1::date',
        [lastDay],
      );
      for (const seal of dueSeals(await this.seals.all(), heads, lastDay))
        await this.seals.add(manager, seal.day, seal);
    });
  }
}
