import { Inject, Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DataSource } from 'typeorm';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';

const FLUSH_MS = 5000;
const FLUSH_ENTRIES = 500;
const MOST_WAITING = 100_000;

interface Use {
  id: string;
  /** Epoch milliseconds, like `previousAt`. */
  at: number;
  ip: string;
  previousAt: number | null;
}

/**
 * Remembers when and from where each token was last used, and writes that in batches. Uses wait in memory
 * (one entry for each token, bounded) while the database is away.
 */
@Injectable()
export class TokenUseRecorder implements BeforeApplicationShutdown {
  private waiting = new Map<string, Use>();
  private writing: Promise<void> | undefined;
  private dropped = 0;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Memory only; never fails. */
  note(tokenId: string, clientIp: string, now: number, replaced = false): void {
    const use = this.waiting.get(tokenId);
    if (use) {
      use.at = now;
      use.ip = clientIp;
      if (replaced) use.previousAt = now;
      return;
    }
    if (this.waiting.size >= MOST_WAITING) {
      this.dropped++;
      return;
    }
    this.waiting.set(tokenId, { id: tokenId, at: now, ip: clientIp, previousAt: replaced ? now : null });
    if (this.waiting.size === FLUSH_ENTRIES) void this.flush();
  }

  /** Writes what waits. Never rejects: what could not be written waits for the next time. */
  @Interval('token-uses', FLUSH_MS)
  async flush(): Promise<void> {
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined;
    });
    await this.writing;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.writing;
    await this.flush();
  }

  private async writeAll(): Promise<void> {
    const batch = this.waiting;
    if (batch.size === 0) return;
    this.waiting = new Map();
    try {
      await this.write([...batch.values()]);
      if (this.dropped > 0) this.log.warn({ dropped: this.dropped }, 'uses of API tokens were not noted');
      this.dropped = 0;
    } catch (error) {
      this.log.warn({ err: error, waiting: batch.size }, 'uses of API tokens could not be written yet');
      this.takeBack(batch);
    }
  }

  private takeBack(batch: Map<string, Use>): void {
    for (const [id, newer] of this.waiting) {
      const older = batch.get(id);
      if (!older && batch.size >= MOST_WAITING) this.dropped++;
      else batch.set(id, { ...newer, previousAt: newer.previousAt ?? older?.previousAt ?? null });
    }
    this.waiting = batch;
  }

  /** `greatest` because replicas write in any order. */
  private async write(uses: readonly Use[]): Promise<void> {
    await this.dataSource.query(
      `UPDATE api_tokens t SET
         last_used_ip = CASE WHEN t.last_used_at > to_timestamp(u.at / 1000) THEN t.last_used_ip ELSE u.ip END,
         last_used_at = greatest(t.last_used_at, to_timestamp(u.at / 1000)),
         previous_last_used_at = greatest(t.previous_last_used_at, to_timestamp(u."previousAt" / 1000))
       FROM jsonb_to_recordset($1::jsonb) AS u(id uuid, at float8, ip text, "previousAt" float8)
       WHERE t.id = u.id`,
      [JSON.stringify(uses)],
    );
  }
}
