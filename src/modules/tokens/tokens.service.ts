import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeDescription, ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { notFound, ProblemError } from '../../platform/http/problem.js';
import type { FieldFault } from '../../platform/http/problem.js';
import type { Actor } from '../access/access.port.js';
import { APPLICATIONS } from '../applications/applications.port.js';
import { ApiTokenEntity } from './api-token.entity.js';
import type { CreateOwnToken, RotateToken, UpdateToken } from './dto/token-requests.dto.js';
import type { CreatedTokenView, TokenView } from './dto/token-views.dto.js';
import { refuseScope } from './token-creation.policy.js';
import { keyOfOwner, keyOfTokens } from './token-change.policy.js';
import { digestOf, generateToken, shownPrefixOf } from './token-format.policy.js';
import { TOKEN_INDEX } from './token-index.repository.js';
import { decideLifetime, renewLifetime } from './token-lifetime.policy.js';
import type { LifetimeRequest } from './token-lifetime.policy.js';
import { faultsOfLimits } from './token-request.policy.js';
import type { RequestedLimits } from './token-request.policy.js';
import { TOKEN_SETTINGS } from './token-settings.port.js';
import type { TokenSettings } from './token-settings.port.js';
import { statusOf, viewOf } from './token-view.policy.js';
import { TokensRepository } from './tokens.repository.js';

interface TokenChange {
  readonly before: TokenView;
  readonly after: TokenView;
}

/**
 * Makes, changes, renews and revokes tokens. Who may do what was decided before; `owner`, where it is given,
 * restricts an operation to that user's tokens (others do not exist: 404).
 */
@Injectable()
export class TokensService {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    private readonly tokens: TokensRepository,
  ) {}

  /** The only answer that ever holds the token. Throws 400 for faulty limits or expiry, 409 for too many. */
  async create(request: CreateOwnToken, username: string, actor: Actor): Promise<CreatedTokenView> {
    const now = new Date();
    this.checkLimits(request);
    const expiresAt = this.expiryOf(request, now);
    const token = generateToken(randomBytes);
    const row = newRow(request, username, actor, now);
    Object.assign(row, { hash: digestOf(token), prefix: shownPrefixOf(token), expiresAt });
    const view = await this.changeFeed.change(
      async (manager) => {
        this.checkCount(await this.tokens.countActive(manager, row.usernameKey, now));
        await manager.getRepository(ApiTokenEntity).insert(row);
        return viewOf(row, now.getTime());
      },
      (after) => describe(actor, row.id, { after }),
    );
    return { ...view, token };
  }

  /** Throws 400 for faulty fields, 404, and 409 for a token that is revoked. */
  async update(id: string, request: UpdateToken, actor: Actor): Promise<TokenView> {
    const now = new Date();
    this.checkLimits(request);
    return this.changeToken(id, actor, undefined, (row) => {
      if (row.revokedAt) throw inactive('A revoked token cannot be changed.');
      const { name, scope, applications, paths, allowedIps } = request;
      if (request.expiresAt !== undefined || request.expiresInDays !== undefined) {
        row.expiresAt = this.expiryOf(request, now);
        row.warnedDays = null;
      }
      Object.assign(row, withoutUndefined({ name, scope, applications, paths, allowedIps }));
    });
  }

  /** A revoked token stays revoked; revoking it again changes nothing. Throws 404. */
  async revoke(id: string, actor: Actor, owner?: string): Promise<void> {
    await this.changeToken(id, actor, owner, (row) => {
      row.revokedAt ??= new Date();
      row.revokedBy ??= actor.username;
    });
  }

  /** Revokes every token of a user that is not revoked yet; answers how many. */
  async revokeAllOf(username: string, actor: Actor): Promise<number> {
    const usernameKey = username.toLowerCase();
    return this.changeFeed.change(
      async (manager) => {
        const done = await manager
          .createQueryBuilder()
          .update(ApiTokenEntity)
          .set({ revokedAt: new Date(), revokedBy: actor.username })
          .where('username_key = :usernameKey AND revoked_at IS NULL', { usernameKey })
          .execute();
        return done.affected ?? 0;
      },
      (revoked) => ({
        ...by(actor),
        topic: TOKEN_INDEX.topic,
        key: keyOfOwner(usernameKey),
        target: `tokens?username=${usernameKey}`,
        after: { revoked },
      }),
    );
  }

  /**
   * Gives the token a new secret; the old one works until the overlap ends, but not past its own expiry.
   * Throws 404, 409 for a token that is no longer active, 403 for one of scope admin whose owner is no admin.
   */
  async rotate(id: string, request: RotateToken, actor: Actor, owner?: string): Promise<CreatedTokenView> {
    const now = new Date();
    const token = generateToken(randomBytes);
    const view = await this.changeToken(id, actor, owner, (row) => {
      const refusal = refuseScope(actor, row.scope);
      if (refusal) throw new ProblemError(403, refusal.code, refusal.detail);
      if (statusOf(row, now.getTime()) !== 'active') throw inactive('Only an active token can be rotated.');
      const overlapEnd = new Date(now.getTime() + (request.overlapSeconds ?? 0) * 1000);
      row.previousHash = row.hash;
      row.previousUntil = row.expiresAt && row.expiresAt < overlapEnd ? row.expiresAt : overlapEnd;
      row.previousLastUsedAt = null;
      row.expiresAt = this.renewedExpiryOf(row, request, now);
      row.rotatedAt = now;
      row.warnedDays = null;
      row.hash = digestOf(token);
      row.prefix = shownPrefixOf(token);
    });
    return { ...view, token };
  }

  private async changeToken(
    id: string,
    actor: Actor,
    owner: string | undefined,
    change: (row: ApiTokenEntity) => void,
  ): Promise<TokenView> {
    const now = Date.now();
    const { after } = await this.changeFeed.change(
      async (manager) => {
        const row = await this.tokens.findLocked(manager, id);
        if (!row || (owner !== undefined && row.usernameKey !== owner.toLowerCase()))
          throw notFound('The token');
        const before = viewOf(row, now);
        change(row);
        await manager.getRepository(ApiTokenEntity).save(row);
        return { before, after: viewOf(row, now) };
      },
      (views) => describe(actor, views.after.id, views),
    );
    return after;
  }

  private renewedExpiryOf(row: ApiTokenEntity, request: LifetimeRequest, now: Date): Date | null {
    if (request.expiresAt !== undefined || request.expiresInDays !== undefined) {
      return this.expiryOf(request, now);
    }
    const begun = row.rotatedAt ?? row.createdAt;
    const lifetime = row.expiresAt && row.expiresAt.getTime() - begun.getTime();
    return dateOf(renewLifetime(lifetime, this.rules, now.getTime()));
  }

  private expiryOf(request: LifetimeRequest, now: Date): Date | null {
    const lifetime = decideLifetime(request, this.rules, now.getTime());
    if ('fault' in lifetime) throw invalid([lifetime.fault]);
    return dateOf(lifetime.expiresAt);
  }

  private checkLimits(request: RequestedLimits): void {
    const { byKey } = APPLICATIONS.of(this.changeFeed.current);
    const faults = faultsOfLimits(request, (key) => byKey.has(key));
    if (faults.length > 0) throw invalid(faults);
  }

  private checkCount(active: number): void {
    const { maxTokensPerUser } = this.rules;
    if (active < maxTokensPerUser) return;
    throw new ProblemError(
      409,
      'too_many_tokens',
      `The user has ${active} active tokens; at most ${maxTokensPerUser} are allowed. Revoke one first.`,
    );
  }

  private get rules(): TokenSettings {
    return TOKEN_SETTINGS.of(this.changeFeed.current);
  }
}

function newRow(request: CreateOwnToken, username: string, actor: Actor, now: Date): ApiTokenEntity {
  return Object.assign(new ApiTokenEntity(), {
    id: uuid(),
    username,
    usernameKey: username.toLowerCase(),
    name: request.name,
    scope: request.scope,
    applications: request.applications ?? null,
    paths: request.paths ?? null,
    allowedIps: request.allowedIps ?? null,
    createdAt: now,
    createdBy: actor.username,
    revokedAt: null,
    revokedBy: null,
    lastUsedAt: null,
    lastUsedIp: null,
    rotatedAt: null,
    previousHash: null,
    previousUntil: null,
    previousLastUsedAt: null,
    warnedDays: null,
  });
}

function describe(actor: Actor, id: string, views: Partial<TokenChange>): ChangeDescription {
  return { ...by(actor), ...views, topic: TOKEN_INDEX.topic, key: keyOfTokens([id]), target: `tokens/${id}` };
}

function by(actor: Actor): Pick<ChangeDescription, 'by' | 'requestId' | 'clientIp'> {
  return { by: actor.username, requestId: actor.requestId, clientIp: actor.clientIp };
}

function inactive(detail: string): ProblemError {
  return new ProblemError(409, 'token_not_active', detail);
}

function invalid(faults: readonly FieldFault[]): ProblemError {
  const detail = faults.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return new ProblemError(400, 'invalid_request', detail, faults);
}

function dateOf(time: number | null): Date | null {
  return time === null ? null : new Date(time);
}

function withoutUndefined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
