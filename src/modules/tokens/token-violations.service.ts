import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { GLOBAL_SETTINGS } from '../global-settings/global-settings.port.js';
import type { ApiTokenEntity } from './api-token.entity.js';
import type { TokenViolation, TokenViolationPage, TokenViolationView } from './dto/token-views.dto.js';
import { isMember } from './token-creation.policy.js';
import { TokenCreators } from './token-creators.service.js';
import { livesTooLong } from './token-lifetime.policy.js';
import { TokenOwnerService } from './token-owner.service.js';
import { TOKEN_SETTINGS } from './token-settings.port.js';
import { viewOf } from './token-view.policy.js';
import { TokensRepository } from './tokens.repository.js';

/** What is known of an owner today. */
interface OwnerState {
  readonly violation?: TokenViolation;
  /** Undefined: nobody can tell. */
  readonly isAdmin?: boolean;
}

const NOTHING_KNOWN: OwnerState = {};

/** Finds active tokens that were allowed when they were made and would not be today. */
@Injectable()
export class TokenViolationsService {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    private readonly tokens: TokensRepository,
    private readonly owners: TokenOwnerService,
    private readonly creators: TokenCreators,
  ) {}

  /** Looks at `limit` tokens; each owner is looked up once. */
  async list(cursor: string | undefined, limit: number | undefined): Promise<TokenViolationPage> {
    const now = new Date();
    const { rows, nextCursor } = await this.tokens.listActive(cursor, limit, now);
    const ofOwner = new Map<string, OwnerState>();
    const items: TokenViolationView[] = [];
    for (const row of rows) {
      if (!ofOwner.has(row.usernameKey)) ofOwner.set(row.usernameKey, await this.ofOwner(row.username));
      const violations = this.violationsOf(row, ofOwner.get(row.usernameKey) ?? NOTHING_KNOWN);
      if (violations.length > 0) items.push({ ...viewOf(row, now.getTime()), violations });
    }
    return { items, nextCursor };
  }

  private violationsOf(row: ApiTokenEntity, { violation: ofOwner, isAdmin }: OwnerState): TokenViolation[] {
    const { maxLifetimeDays } = TOKEN_SETTINGS.of(this.changeFeed.current);
    const violations: TokenViolation[] = [];
    if (livesTooLong(row.rotatedAt ?? row.createdAt, row.expiresAt, maxLifetimeDays)) {
      violations.push('lifetime_over_maximum');
    }
    // What an admin made for somebody needs no membership of theirs.
    const madeByOwner = row.createdBy.toLowerCase() === row.usernameKey;
    if (ofOwner && (madeByOwner || ofOwner !== 'owner_not_in_group')) violations.push(ofOwner);
    // Who was an admin when the token was made goes on as one with it.
    if (row.scope === 'admin' && madeByOwner && isAdmin === false) violations.push('owner_not_admin');
    return violations;
  }

  private async ofOwner(username: string): Promise<OwnerState> {
    const finding = await this.owners.look(username);
    if (finding.state === 'unknown') return { violation: 'owner_unknown' };
    if (finding.state === 'inactive') return { violation: 'owner_inactive' };
    if (finding.state !== 'active') return NOTHING_KNOWN;
    const { creatorGroups } = this.creators.rules;
    const { adminGroups } = GLOBAL_SETTINGS.of(this.changeFeed.current);
    const { groupKeys } = finding.user;
    const mayCreate = !creatorGroups || isMember(groupKeys, creatorGroups);
    return {
      ...(mayCreate ? {} : { violation: 'owner_not_in_group' }),
      isAdmin: isMember(groupKeys, new Set(adminGroups.map((group) => group.toLowerCase()))),
    };
  }
}
