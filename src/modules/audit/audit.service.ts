import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CLOCK } from '../../lib/clock.js';
import type { Clock } from '../../lib/clock.js';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import { Spill } from '../../platform/spill/spill.js';
import { eventsOf } from './audit-group.policy.js';
import type { AuditEvent, AuditPort, AuditStatus } from './audit.port.js';
import { AuditQueue } from './audit-queue.service.js';
import type { AuditRow } from './audit-row.policy.js';
import { AUDIT_SETTINGS } from './audit-settings.port.js';
import { AuditShipper } from './audit-shipper.service.js';
import { AuditWriter } from './audit-writer.service.js';

/** Some 50 000 events: a minute of traffic, should the disk stand still. */
const QUEUE_CAPACITY_BYTES = 48 * 1024 * 1024;
const ADOPT_EVERY_MS = 30_000;
const SHUTDOWN_MS = 5000;

/** Must be quick and not throw. */
export interface RowListener {
  /** False spares the making of rows that nobody reads. */
  readonly wanted: () => boolean;
  readonly take: (rows: readonly AuditRow[]) => void;
}

/** Takes events from requests and hands them, through the spill, to the database. */
@Injectable()
export class AuditService
  implements AuditPort, OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown
{
  private enabled = true;
  private readonly queue: AuditQueue;
  private readonly spill: Spill;
  private readonly writer: AuditWriter;
  private readonly shipper: AuditShipper;
  private readonly rowListeners: RowListener[] = [];
  private adoptTimer: NodeJS.Timeout | undefined;
  private writtenRows = 0;

  constructor(
    dataSource: DataSource,
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    const folder = join(config.dataDir, 'audit');
    this.spill = new Spill({ root: join(folder, 'spill'), entriesOf: eventsOf });
    this.queue = new AuditQueue({
      writer: this.spill.writer,
      capacity: QUEUE_CAPACITY_BYTES,
      log,
      onRows: (rows) => this.tellListeners(rows),
      wantsRows: () => this.wantsRows(),
    });
    this.writer = new AuditWriter(this.queue, this.spill, clock, {
      log,
      onAppended: () => this.shipper.notify(),
    });
    this.shipper = new AuditShipper(this.spill, dataSource, {
      log,
      rejectedFile: join(folder, 'rejected.ndjson'),
      onWritten: (rows) => (this.writtenRows += rows),
    });
    changeFeed.onReload(AUDIT_SETTINGS.topic, () => this.applySettings());
  }

  get written(): number {
    return this.writtenRows;
  }

  get refusing(): boolean {
    return this.writer.refusing;
  }

  get recordsRequests(): boolean {
    return this.enabled;
  }

  async onModuleInit(): Promise<void> {
    await mkdir(join(this.config.dataDir, 'audit'), { recursive: true, mode: 0o700 });
    await this.spill.open();
    this.applySettings();
    this.writer.start();
    this.shipper.start();
    this.adoptTimer = setInterval(() => void this.adopt(), ADOPT_EVERY_MS);
  }

  record(event: AuditEvent): void {
    if (this.enabled || event.category === 'admin') this.queue.record(event);
  }

  status(): AuditStatus {
    const maxBytes = AUDIT_SETTINGS.of(this.changeFeed.current).spill.maxMegabytes * 1024 * 1024;
    const problem = this.writer.problem ?? this.shipper.problem;
    return {
      ok: problem === undefined && this.spill.bytes < maxBytes,
      problem,
      queueLength: this.writer.waiting,
      spillBytes: this.spill.pendingBytes,
      spillMaxBytes: maxBytes,
      written: this.writtenRows,
      dropped: this.queue.dropped + this.writer.dropped + this.shipper.dropped,
      refusing: this.writer.refusing,
    };
  }

  async flush(timeoutMs = SHUTDOWN_MS): Promise<void> {
    await this.writer.flush();
    await this.shipper.drained(timeoutMs);
  }

  /** Gives the rows of all events, some at a time, to a listener while it wants them. */
  onRows(listener: RowListener): void {
    this.rowListeners.push(listener);
  }

  /** The database is still open here; what does not get there in time stays on disk for the next start. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.adoptTimer);
    await this.flush();
    await this.shipper.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.writer.stop();
    await this.shipper.stop();
    await this.spill.close();
  }

  private applySettings(): void {
    const { enabled, spill } = AUDIT_SETTINGS.of(this.changeFeed.current);
    this.enabled = enabled;
    this.writer.limit({ maxBytes: spill.maxMegabytes * 1024 * 1024, whenFull: spill.whenFull });
  }

  private wantsRows(): boolean {
    for (const listener of this.rowListeners) if (listener.wanted()) return true;
    return false;
  }

  private tellListeners(rows: readonly AuditRow[]): void {
    for (const listener of this.rowListeners) if (listener.wanted()) listener.take(rows);
  }

  private async adopt(): Promise<void> {
    try {
      await this.spill.adopt();
      this.shipper.notify();
    } catch (error) {
      this.log.warn({ err: error }, 'audit events of an earlier process could not be taken over yet');
    }
  }
}
