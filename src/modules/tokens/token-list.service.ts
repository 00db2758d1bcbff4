import { Injectable } from '@nestjs/common';
import { notFound } from '../../platform/http/problem.js';
import type { TokenQuery } from './dto/token-requests.dto.js';
import type { TokenPage, TokenView } from './dto/token-views.dto.js';
import { TokenUseRecorder } from './token-use.service.js';
import { viewOf } from './token-view.policy.js';
import { TokensRepository } from './tokens.repository.js';

/** Reads tokens. Uses noted on this node are written first, so that "last used" is true. */
@Injectable()
export class TokenListService {
  constructor(
    private readonly tokens: TokensRepository,
    private readonly uses: TokenUseRecorder,
  ) {}

  async list(query: TokenQuery): Promise<TokenPage> {
    await this.uses.flush();
    const now = new Date();
    const { rows, nextCursor } = await this.tokens.list(query, now);
    return { items: rows.map((row) => viewOf(row, now.getTime())), nextCursor };
  }

  /** Throws 404. */
  async get(id: string): Promise<TokenView> {
    await this.uses.flush();
    const row = await this.tokens.find(id);
    if (!row) throw notFound('The token');
    return viewOf(row, Date.now());
  }
}
