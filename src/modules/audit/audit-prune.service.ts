import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CLOCK } from '../../lib/clock.js';
import type { Clock } from '../../lib/clock.js';
import { asLeader, LEADER_LOCKS } from '../../platform/schedule/leader-lock.js';
import { planPrune, startOfDay } from './audit-days.policy.js';
import { AuditPartitionsRepository } from './audit-partitions.repository.js';
import { AuditSealsRepository } from './audit-seals.repository.js';
import { AuditSettingsService } from './audit-settings.service.js';
import type { PruneRunView } from './dto/audit-settings-view.dto.js';
import { PruneRunsRepository } from './prune-runs.repository.js';

const BATCH = 10_000;
const DAYS_AT_ONCE = 10;
/** Deleting single rows ends after this; the rest goes in the next run, which follows soon. */
const ROW_BUDGET_MS = 3000;

/** Runs the retention: whole days go with their table, parts of a day row by row, oldest first. */
@Injectable()
export class AuditPrune {
  constructor(
    private readonly dataSource: DataSource,
    private readonly partitions: AuditPartitionsRepository,
    private readonly seals: AuditSealsRepository,
    private readonly settings: AuditSettingsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Deletes what the retention does not keep. With a `slot` only the first node to ask for it runs. Answers
   * undefined when another node is at it or has been.
   */
  run(runs: PruneRunsRepository, by: string, slot: string | null): Promise<PruneRunView | undefined> {
    return asLeader(this.dataSource, LEADER_LOCKS.auditMaintenance, async () => {
      const time = this.clock.now();
      const begun = process.hrtime.bigint();
      const id = await runs.begin(by, time, slot);
      if (id === undefined) return undefined;
      const { deleted, complete } = await this.prune(time);
      const durationMs = Number(process.hrtime.bigint() - begun) / 1e6;
      await runs.finish(id, { deleted, complete, durationMs });
      return { time: new Date(time).toISOString(), deleted, durationMs, complete, by };
    });
  }

  private async prune(now: number): Promise<{ deleted: number; complete: boolean }> {
    const { retention } = (await this.settings.read()).value;
    const held = await this.partitions.rowsPerDay();
    const plan = planPrune(held, retention, now);
    const dropped = await this.dropDays(plan.wholeDays);
    let deleted = held.reduce((sum, { day, rows }) => sum + (dropped.has(day) ? rows : 0), 0);
    let complete = true;
    const deadline = Date.now() + ROW_BUDGET_MS;
    for (const day of plan.wholeDays.filter((wanted) => !dropped.has(wanted))) {
      const result = await this.emptyDay(day, deadline);
      deleted += result.deleted;
      complete &&= result.complete;
    }
    if (plan.part) {
      const { day, before, excess } = plan.part;
      const aged = await this.deleteRows(day, before, Infinity, deadline);
      const more = await this.deleteRows(day, Infinity, excess - aged.deleted, deadline);
      deleted += aged.deleted + more.deleted;
      complete &&= aged.complete && more.complete;
    }
    return { deleted, complete };
  }

  /** Drops the tables of these days, oldest first; answers the days that had one. */
  private async dropDays(days: readonly string[]): Promise<Set<string>> {
    const all = new Set<string>();
    for (let at = 0; at < days.length; at += DAYS_AT_ONCE) {
      const dropped = await this.partitions.dropDays(
        days.slice(at, at + DAYS_AT_ONCE),
        async (manager, some) => {
          const through = some.at(-1) ?? '';
          await this.seals.add(manager, through, { kind: 'prune', through });
        },
      );
      for (const day of dropped) all.add(day);
    }
    return all;
  }

  /** Deletes the events of a day that has no table of its own. */
  private async emptyDay(day: string, deadline: number): Promise<{ deleted: number; complete: boolean }> {
    const seal = { kind: 'prune', through: day } as const;
    const result = await this.deleteRows(day, Infinity, Infinity, deadline);
    if (result.complete)
      await this.partitions.forgetDay(day, (manager) => this.seals.add(manager, day, seal));
    return result;
  }

  private async deleteRows(
    day: string,
    before: number,
    count: number,
    deadline: number,
  ): Promise<{ deleted: number; complete: boolean }> {
    let deleted = 0;
    let from = startOfDay(day);
    while (deleted < count && before > from) {
      if (Date.now() > deadline) return { deleted, complete: false };
      const limit = Math.min(BATCH, count - deleted);
      const gone = await this.partitions.deleteOldest({ day, from, before, limit }, (manager, chains) =>
        this.seals.add(manager, day, { kind: 'prune', chains }),
      );
      deleted += gone.rows;
      from = gone.upTo;
      if (gone.rows < limit) break;
    }
    return { deleted, complete: true };
  }
}
