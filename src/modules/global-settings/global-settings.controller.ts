import { Body, Controller, Get, Headers, Patch, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { API } from '../../platform/http/api.js';
import { etagOf, expectedVersion } from '../../platform/http/etag.js';
import type { StoredSetting } from '../../platform/settings/settings.port.js';
import { AnswersEtag, TakesIfMatch } from '../../platform/openapi/etag-declarations.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import { ConfirmQuery, GlobalSettingsView, UpdateGlobalSettings } from './dto/global-settings.dto.js';
import type { GlobalSettings } from './global-settings.port.js';
import { GlobalSettingsService } from './global-settings.service.js';

/** The switches that hold for everything. */
@ApiTags('global-settings')
@Controller(`${API}/global-settings`)
export class GlobalSettingsController {
  constructor(private readonly settings: GlobalSettingsService) {}

  /** Shows the settings. */
  @Get()
  @Access('auditor')
  @AnswersEtag()
  async read(@Res({ passthrough: true }) reply: FastifyReply): Promise<GlobalSettingsView> {
    return answer(await this.settings.read(), reply);
  }

  /** Changes the given settings. `confirm=true` is needed to give up one's own admin rights. */
  @Patch()
  @Access('admin')
  @AnswersEtag()
  @TakesIfMatch()
  async update(
    @Body() body: UpdateGlobalSettings,
    @Query() query: ConfirmQuery,
    @Headers('if-match') ifMatch: string | undefined,
    @CurrentActor() actor: Actor,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<GlobalSettingsView> {
    const confirmed = query.confirm === 'true';
    return answer(await this.settings.update(body, expectedVersion(ifMatch), confirmed, actor), reply);
  }
}

function answer({ value, version }: StoredSetting<GlobalSettings>, reply: FastifyReply): GlobalSettingsView {
  void reply.header('etag', etagOf(version));
  return { ...value, adminGroups: [...value.adminGroups], auditorGroups: [...value.auditorGroups] };
}
