import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { NO_TOKENS, TOKEN_INDEX, TokenIndex } from './token-index.repository.js';
import type { IndexedToken } from './token-index.repository.js';
import { changedTokens } from './token-change.policy.js';
import { readAllTokens } from './token-pages.repository.js';

/** Binary ids, and times as numbers, as the index wants them. */
const COLUMNS = `uuid_send(id) AS id, hash AS digest, username, name, scope, applications, paths,
  allowed_ips AS "allowedIps", (extract(epoch FROM expires_at) * 1000)::float8 AS "expiresAt",
  revoked_at IS NOT NULL AS revoked, previous_hash AS "previousDigest",
  (extract(epoch FROM previous_until) * 1000)::float8 AS "previousUntil"`;

/** Keeps the token index in step with the database: all of it at start, then only what changed. */
@Injectable()
export class TokenLoader {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CHANGE_FEED) changeFeed: ChangeFeedPort,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    changeFeed.register(TOKEN_INDEX, (previous, keys) => this.load(previous, keys));
  }

  /** Nothing is changed in the index before all rows were read, so a failed load leaves it whole. */
  async load(previous: TokenIndex, keys: readonly string[] | undefined): Promise<TokenIndex> {
    if (!keys || previous === NO_TOKENS) return this.loadAll();
    const { ids, ownerKeys } = changedTokens(keys);
    const rows = await this.dataSource.query<IndexedToken[]>(
      `SELECT ${COLUMNS} FROM api_tokens WHERE id = ANY($1::uuid[]) OR username_key = ANY($2::text[])`,
      [ids, ownerKeys],
    );
    const found = new Set(rows.map((row) => row.id.toString('hex')));
    for (const id of ids.map((text) => text.replaceAll('-', ''))) {
      if (!found.has(id)) previous.remove(Buffer.from(id, 'hex'));
    }
    for (const row of rows) previous.put(row);
    return previous;
  }

  private async loadAll(): Promise<TokenIndex> {
    const begun = Date.now();
    let index = new TokenIndex();
    await this.dataSource.transaction('REPEATABLE READ', (manager) =>
      readAllTokens(
        manager,
        (count) => (index = new TokenIndex(count)),
        (token) => index.put(token),
      ),
    );
    this.log.info({ tokens: index.size, durationMs: Date.now() - begun }, 'API tokens loaded');
    return index;
  }
}
