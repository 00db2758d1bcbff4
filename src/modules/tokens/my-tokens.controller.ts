import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { API } from '../../platform/http/api.js';
import { PageQuery } from '../../platform/http/page.js';
import { ProblemError } from '../../platform/http/problem.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import { CreateOwnToken, RotateToken } from './dto/token-requests.dto.js';
import { CreatedTokenView, MeView, TokenPage } from './dto/token-views.dto.js';
import { mayRevoke } from './token-creation.policy.js';
import { TokenCreators } from './token-creators.service.js';
import { TokenListService } from './token-list.service.js';
import { TokenOwnerService } from './token-owner.service.js';
import { TokensService } from './tokens.service.js';

/** What everybody may see and do for themselves. */
@ApiTags('me')
@Controller(`${API}/me`)
export class MyTokensController {
  constructor(
    private readonly tokens: TokensService,
    private readonly lists: TokenListService,
    private readonly owners: TokenOwnerService,
    private readonly creators: TokenCreators,
  ) {}

  /** Who I am here, and how I am signed in. */
  @Get()
  @Access('user')
  me(@CurrentActor() actor: Actor): MeView {
    const { credential, tokenScope, expiresAt } = actor;
    return {
      username: actor.username,
      groups: [...actor.groups],
      admin: actor.level === 'admin',
      credential: {
        kind: credential.kind,
        tokenId: credential.kind === 'api-token' ? (credential.id ?? null) : null,
        scope: tokenScope ?? null,
        expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
      },
      mayCreateTokens: !actor.bootstrap && this.creators.mayCreate(actor),
    };
  }

  /** My tokens, newest first. */
  @Get('tokens')
  @Access('user')
  async list(@Query() query: PageQuery, @CurrentActor() actor: Actor): Promise<TokenPage> {
    if (actor.bootstrap) return { items: [], nextCursor: null };
    return this.lists.list({ ...query, username: actor.username });
  }

  /** Creates a token for me. The answer is the only place where the token is ever shown. */
  @Post('tokens')
  @Access('user')
  async create(@Body() body: CreateOwnToken, @CurrentActor() actor: Actor): Promise<CreatedTokenView> {
    refuseBootstrap(actor);
    this.creators.check(actor, body.scope);
    const username = await this.owners.nameOf(actor.username);
    return this.tokens.create(body, username, actor);
  }

  /** Revokes one of my tokens. */
  @Delete('tokens/:id')
  @HttpCode(204)
  @Access('user')
  async revoke(@Param('id') id: string, @CurrentActor() actor: Actor): Promise<void> {
    refuseBootstrap(actor);
    if (!mayRevoke(actor, id)) {
      throw new ProblemError(403, 'token_scope', 'A token of scope read can revoke only itself.');
    }
    await this.tokens.revoke(id, actor, actor.username);
  }

  /** Gives one of my tokens a new secret; the old one works on for the overlap. */
  @Post('tokens/:id/rotation')
  @Access('user')
  async rotate(
    @Param('id') id: string,
    @Body() body: RotateToken,
    @CurrentActor() actor: Actor,
  ): Promise<CreatedTokenView> {
    refuseBootstrap(actor);
    this.creators.check(actor);
    return this.tokens.rotate(id, body, actor, actor.username);
  }
}

/** ADMIN_TOKEN stands for no user, so nothing could be called with a token of it. */
function refuseBootstrap(actor: Actor): void {
  if (!actor.bootstrap) return;
  throw new ProblemError(409, 'no_user', 'The bootstrap admin is no user. Use /tokens and name a user.');
}
