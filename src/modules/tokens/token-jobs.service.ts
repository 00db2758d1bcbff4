import { Inject, Injectable } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { DataSource } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import { AUDIT } from '../audit/audit.port.js';
import type { AuditPort } from '../audit/audit.port.js';
import { keyOfTokens } from './token-change.policy.js';
import { TOKEN_INDEX } from './token-index.repository.js';
import { DAY_MS } from './token-lifetime.policy.js';
import { TOKEN_SETTINGS } from './token-settings.port.js';

const DELETE_LOCK = 7_215_021;
const WARNING_LOCK = 7_215_022;
const BATCH = 500;
const MOST_BATCHES = 20;
/** Days before the expiry of a token at which its coming end is written to the audit log, largest first. */
const WARNING_DAYS = [30, 7, 1] as const;

interface Warning {
  readonly id: string;
  readonly name: string;
  readonly username: string;
  readonly expires_at: Date;
}

/** What is done with tokens by the clock. One node of all does it at a time. */
@Injectable()
export class TokenJobs {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(AUDIT) private readonly audit: AuditPort,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  @Cron('17 * * * *', { name: 'token-deletion' })
  async deleteOld(): Promise<void> {
    await this.logged('deleting old API tokens', () => this.deleteOldTokens(Date.now()));
  }

  @Cron('27 * * * *', { name: 'token-warnings' })
  async warn(): Promise<void> {
    await this.logged('warning of expiring API tokens', () => this.warnOfExpiring(Date.now()));
  }

  /** Deletes tokens that expired or were revoked long enough ago; answers how many. */
  async deleteOldTokens(now: number): Promise<number> {
    const { deleteExpiredAfterDays } = TOKEN_SETTINGS.of(this.changeFeed.current);
    if (deleteExpiredAfterDays === null) return 0;
    const before = new Date(now - deleteExpiredAfterDays * DAY_MS);
    return this.onOneNode(DELETE_LOCK, 0, async () => {
      let deleted = 0;
      for (let batch = 0; batch < MOST_BATCHES; batch++) {
        const ids = await this.oldTokens(before);
        if (ids.length > 0) deleted += await this.delete(ids, before);
        if (ids.length < BATCH) break;
      }
      return deleted;
    });
  }

  /** Writes one audit event for each token that came within 30, 7 or 1 days of its expiry; answers how many. */
  async warnOfExpiring(now: number): Promise<number> {
    return this.onOneNode(WARNING_LOCK, 0, async () => {
      let warned = 0;
      for (const days of WARNING_DAYS.toReversed()) {
        const warnings = await this.claimWarnings(days, now);
        for (const warning of warnings) this.record(warning, now);
        warned += warnings.length;
      }
      return warned;
    });
  }

  private async oldTokens(before: Date): Promise<string[]> {
    const rows = await this.dataSource.query<{ id: string }[]>(
      'SELECT id FROM api_tokens WHERE expires_at < $1 OR revoked_at < $1 LIMIT $2',
      [before, BATCH],
    );
    return rows.map(({ id }) => id);
  }

  /** The condition again: a token may have been given a new expiry since it was found. */
  private async delete(ids: readonly string[], before: Date): Promise<number> {
    return this.changeFeed.change(
      async (manager) => {
        const [, count] = await manager.query<[unknown, number]>(
          'DELETE FROM api_tokens WHERE id = ANY($1::uuid[]) AND (expires_at < $2 OR revoked_at < $2)',
          [ids, before],
        );
        return count;
      },
      (deleted) => ({
        topic: TOKEN_INDEX.topic,
        key: keyOfTokens(ids),
        by: 'restgate',
        target: 'tokens',
        after: { deleted, endedBefore: before.toISOString() },
      }),
    );
  }

  /** Marks what is about to be warned of, smallest threshold first, so that each token is warned of once. */
  private async claimWarnings(days: number, now: number): Promise<Warning[]> {
    const [rows] = await this.dataSource.query<[Warning[], number]>(
      `UPDATE api_tokens SET warned_days = $1 WHERE id IN (
         SELECT id FROM api_tokens WHERE revoked_at IS NULL AND expires_at > $2 AND expires_at <= $3
           AND (warned_days IS NULL OR warned_days > $1)
           AND expires_at - coalesce(rotated_at, created_at) > make_interval(days => $1)
         LIMIT $4)
       RETURNING id, name, username, expires_at`,
      [days, new Date(now), new Date(now + days * DAY_MS), BATCH * MOST_BATCHES],
    );
    return rows;
  }

  private record({ id, name, username, expires_at: expiresAt }: Warning, now: number): void {
    const days = Math.ceil((expiresAt.getTime() - now) / DAY_MS);
    this.audit.record({
      id: uuid({ msecs: now }),
      time: now,
      requestId: 'schedule',
      category: 'admin',
      decision: 'forwarded',
      user: username,
      credentialKind: 'api-token',
      credentialId: id,
      credentialName: name,
      target: `tokens/${id}`,
      detail: `The API token expires in ${days} ${days === 1 ? 'day' : 'days'}, at ${expiresAt.toISOString()}.`,
    });
  }

  private async onOneNode<R>(lock: number, otherwise: R, work: () => Promise<R>): Promise<R> {
    return this.dataSource.transaction(async (manager) => {
      const rows = await manager.query<{ got: boolean }[]>('SELECT pg_try_advisory_xact_lock($1) AS got', [
        lock,
      ]);
      return rows[0]?.got ? work() : otherwise;
    });
  }

  /** A failed run is the operator's to see; the next one tries again. */
  private async logged(what: string, run: () => Promise<number>): Promise<void> {
    try {
      const count = await run();
      if (count > 0) this.log.info({ count }, what);
    } catch (error) {
      this.log.error({ err: error }, `${what} failed`);
    }
  }
}
