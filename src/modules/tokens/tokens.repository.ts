import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { invalidField } from '../../platform/http/problem.js';
import { DEFAULT_PAGE_SIZE } from '../../platform/http/page.js';
import { ApiTokenEntity } from './api-token.entity.js';
import type { TokenQuery, TokenStatus } from './dto/token-requests.dto.js';

export interface TokenRows {
  readonly rows: ApiTokenEntity[];
  readonly nextCursor: string | null;
}

const STATUS_CONDITIONS: Record<TokenStatus, string> = {
  active: 't.revokedAt IS NULL AND (t.expiresAt IS NULL OR t.expiresAt > :now)',
  expired: 't.revokedAt IS NULL AND t.expiresAt <= :now',
  revoked: 't.revokedAt IS NOT NULL',
};

/** Tokens in the database: the lists of the admin API. */
@Injectable()
export class TokensRepository {
  constructor(private readonly dataSource: DataSource) {}

  async find(id: string): Promise<ApiTokenEntity | null> {
    return isUuid(id) ? this.dataSource.getRepository(ApiTokenEntity).findOneBy({ id }) : null;
  }

  /** The row, locked until the transaction ends. */
  async findLocked(manager: EntityManager, id: string): Promise<ApiTokenEntity | null> {
    if (!isUuid(id)) return null;
    return manager
      .getRepository(ApiTokenEntity)
      .findOne({ where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  countActive(manager: EntityManager, usernameKey: string, now: Date): Promise<number> {
    return this.select(manager)
      .where('t.usernameKey = :usernameKey', { usernameKey })
      .andWhere(STATUS_CONDITIONS.active, { now })
      .getCount();
  }

  /** Newest first: ids are uuid v7, so their order is the order of creation. */
  async list(query: TokenQuery, now: Date): Promise<TokenRows> {
    const select = this.select(this.dataSource.manager).orderBy('t.id', 'DESC');
    if (query.username !== undefined) {
      select.andWhere('t.usernameKey = :usernameKey', { usernameKey: query.username.toLowerCase() });
    }
    if (query.status) select.andWhere(STATUS_CONDITIONS[query.status], { now });
    if (query.expiresBefore)
      select.andWhere('t.expiresAt < :before', { before: new Date(query.expiresBefore) });
    if (query.unusedSince) {
      select.andWhere('coalesce(t.lastUsedAt, t.createdAt) < :since', { since: new Date(query.unusedSince) });
    }
    if (query.query) {
      select.andWhere('(t.name ILIKE :text OR t.username ILIKE :text OR t.prefix ILIKE :text)', {
        text: `%${query.query.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`,
      });
    }
    return page(select, query.cursor, query.limit);
  }

  /** Active tokens, newest first. */
  async listActive(cursor: string | undefined, limit: number | undefined, now: Date): Promise<TokenRows> {
    const select = this.select(this.dataSource.manager).orderBy('t.id', 'DESC');
    return page(select.andWhere(STATUS_CONDITIONS.active, { now }), cursor, limit);
  }

  private select(manager: EntityManager): SelectQueryBuilder<ApiTokenEntity> {
    return manager.getRepository(ApiTokenEntity).createQueryBuilder('t');
  }
}

/** The cursor is the last id of the page before. */
async function page(
  select: SelectQueryBuilder<ApiTokenEntity>,
  cursor: string | undefined,
  limit = DEFAULT_PAGE_SIZE,
): Promise<TokenRows> {
  if (cursor !== undefined) {
    if (!isUuid(cursor)) throw invalidField('cursor', 'is no cursor of this list');
    select.andWhere('t.id < :cursor', { cursor });
  }
  const rows = await select.limit(limit + 1).getMany();
  const shown = rows.slice(0, limit);
  return { rows: shown, nextCursor: rows.length > limit ? (shown.at(-1)?.id ?? null) : null };
}
