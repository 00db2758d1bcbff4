import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import { AuditChanges } from './audit-changes.service.js';
import type { AuditRow } from './audit-row.policy.js';
import { AuditService } from './audit.service.js';
import { AuditSinks } from './sinks/audit-sinks.service.js';

const CONFIRM_MS = 1000;
const MOST_ROUNDS = 60;
const MOST_PENDING = 1000;

/** Leads events to the sinks: requests when they are written, changes by admins once they are really saved. */
@Injectable()
export class AuditStreams implements OnApplicationShutdown {
  private pending: { readonly row: AuditRow; round: number }[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly dataSource: DataSource,
    audit: AuditService,
    changes: AuditChanges,
    private readonly sinks: AuditSinks,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    audit.onRows({ wanted: () => sinks.states.length > 0, take: (rows) => sinks.push(rows) });
    changes.onRow((row) => this.expect(row));
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
  }

  private expect(row: AuditRow): void {
    if (this.sinks.states.length === 0 || this.pending.length >= MOST_PENDING) return;
    this.pending.push({ row, round: 0 });
    this.schedule();
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.confirm();
    }, CONFIRM_MS);
    this.timer.unref();
  }

  /** A change is streamed when its event can be seen from outside its transaction; one that never can is forgotten. */
  private async confirm(): Promise<void> {
    try {
      const ids = this.pending.map(({ row }) => row.id);
      const rows = await this.dataSource.query<{ id: string }[]>(
        'SELECT id FROM audit_events WHERE id = ANY ($1)',
        [ids],
      );
      const saved = new Set(rows.map(({ id }) => id));
      this.sinks.push(this.pending.filter(({ row }) => saved.has(row.id)).map(({ row }) => row));
      this.pending = this.pending.filter(({ row }) => !saved.has(row.id));
    } catch (error) {
      this.log.debug({ err: error }, 'whether changes were saved cannot be told yet');
    }
    for (const entry of this.pending) entry.round += 1;
    this.pending = this.pending.filter(({ round }) => round < MOST_ROUNDS);
    if (this.pending.length > 0) this.schedule();
  }
}
