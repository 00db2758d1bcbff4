import { Body, Controller, Get, Headers, Put, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { API } from '../../platform/http/api.js';
import { etagOf, expectedVersion } from '../../platform/http/etag.js';
import type { StoredSetting } from '../../platform/settings/settings.port.js';
import { AnswersEtag, TakesIfMatch } from '../../platform/openapi/etag-declarations.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import { SaveTokenSettings, TokenSettingsView } from './dto/token-settings.dto.js';
import type { TokenSettings } from './token-settings.port.js';
import { TokenSettingsService } from './token-settings.service.js';

/** The rules that new tokens follow. */
@ApiTags('tokens')
@Controller(`${API}/token-settings`)
export class TokenSettingsController {
  constructor(private readonly settings: TokenSettingsService) {}

  /** Shows the rules. */
  @Get()
  @Access('auditor')
  @AnswersEtag()
  async read(@Res({ passthrough: true }) reply: FastifyReply): Promise<TokenSettingsView> {
    return answer(await this.settings.read(), reply);
  }

  /** Saves the rules. They hold for tokens made or renewed from now on. */
  @Put()
  @Access('admin')
  @AnswersEtag()
  @TakesIfMatch()
  async save(
    @Body() body: SaveTokenSettings,
    @Headers('if-match') ifMatch: string | undefined,
    @CurrentActor() actor: Actor,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenSettingsView> {
    return answer(await this.settings.save(body, expectedVersion(ifMatch), actor), reply);
  }
}

function answer({ value, version }: StoredSetting<TokenSettings>, reply: FastifyReply): TokenSettingsView {
  void reply.header('etag', etagOf(version));
  return { ...value };
}
