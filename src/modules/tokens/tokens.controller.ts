import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { API } from '../../platform/http/api.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import {
  CreateToken,
  RevokeTokensQuery,
  RotateToken,
  TokenQuery,
  UpdateToken,
  ViolationQuery,
} from './dto/token-requests.dto.js';
import {
  CreatedTokenView,
  RevokedTokensView,
  TokenPage,
  TokenView,
  TokenViolationPage,
} from './dto/token-views.dto.js';
import { TokenCreators } from './token-creators.service.js';
import { TokenListService } from './token-list.service.js';
import { TokenOwnerService } from './token-owner.service.js';
import { TokenViolationsService } from './token-violations.service.js';
import { TokensService } from './tokens.service.js';

/** Every user's tokens, for admins. */
@ApiTags('tokens')
@Controller(`${API}/tokens`)
export class TokensController {
  constructor(
    private readonly tokens: TokensService,
    private readonly lists: TokenListService,
    private readonly owners: TokenOwnerService,
    private readonly creators: TokenCreators,
    private readonly violating: TokenViolationsService,
  ) {}

  /** Lists tokens, newest first. */
  @Get()
  @Access('auditor')
  list(@Query() query: TokenQuery): Promise<TokenPage> {
    return this.lists.list(query);
  }

  /** Creates a token for any user. The answer is the only place where the token is ever shown. */
  @Post()
  @Access('admin')
  async create(@Body() body: CreateToken, @CurrentActor() actor: Actor): Promise<CreatedTokenView> {
    this.creators.check(actor, body.scope);
    const username = await this.owners.nameOf(body.username);
    return this.tokens.create(body, username, actor);
  }

  /** Revokes all tokens of a user. */
  @Delete()
  @Access('admin')
  async revokeAll(
    @Query() query: RevokeTokensQuery,
    @CurrentActor() actor: Actor,
  ): Promise<RevokedTokensView> {
    return { revoked: await this.tokens.revokeAllOf(query.username, actor) };
  }

  /** Lists active tokens that today's rules would not allow. */
  @Get('violations')
  @Access('auditor')
  violations(@Query() query: ViolationQuery): Promise<TokenViolationPage> {
    return this.violating.list(query.cursor, query.limit);
  }

  /** Shows a token, never the token itself. */
  @Get(':id')
  @Access('auditor')
  get(@Param('id') id: string): Promise<TokenView> {
    return this.lists.get(id);
  }

  /** Changes name, scope, limits or expiry. */
  @Patch(':id')
  @Access('admin')
  update(
    @Param('id') id: string,
    @Body() body: UpdateToken,
    @CurrentActor() actor: Actor,
  ): Promise<TokenView> {
    return this.tokens.update(id, body, actor);
  }

  /** Revokes a token. It stays in the list until it is deleted with the expired ones. */
  @Delete(':id')
  @HttpCode(204)
  @Access('admin')
  revoke(@Param('id') id: string, @CurrentActor() actor: Actor): Promise<void> {
    return this.tokens.revoke(id, actor);
  }

  /** Gives a token a new secret; the old one works on for the overlap. */
  @Post(':id/rotation')
  @Access('admin')
  rotate(
    @Param('id') id: string,
    @Body() body: RotateToken,
    @CurrentActor() actor: Actor,
  ): Promise<CreatedTokenView> {
    this.creators.check(actor);
    return this.tokens.rotate(id, body, actor);
  }
}
