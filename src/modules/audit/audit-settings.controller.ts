import { Body, Controller, Get, Headers, HttpCode, Post, Put, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { API } from '../../platform/http/api.js';
import { etagOf, expectedVersion } from '../../platform/http/etag.js';
import type { StoredSetting } from '../../platform/settings/settings.port.js';
import { AnswersEtag, TakesIfMatch } from '../../platform/openapi/etag-declarations.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import { PruneRunsRepository } from './prune-runs.repository.js';
import { PruneRuns } from './prune-runs.service.js';
import { settingsView } from './audit-settings.policy.js';
import type { AuditSettings } from './audit-settings.port.js';
import { AuditSettingsService } from './audit-settings.service.js';
import { UpdateAuditSettings } from './dto/audit-settings.dto.js';
import { AuditSettingsView, PruneRunView } from './dto/audit-settings-view.dto.js';

/** The settings of the audit log, and its retention. */
@ApiTags('audit')
@Controller(`${API}/audit`)
export class AuditSettingsController {
  constructor(
    private readonly settings: AuditSettingsService,
    private readonly runs: PruneRunsRepository,
    private readonly prune: PruneRuns,
  ) {}

  /** The settings, and the last run of the deletion. */
  @Get('settings')
  @Access('auditor')
  @AnswersEtag()
  async read(@Res({ passthrough: true }) reply: FastifyReply): Promise<AuditSettingsView> {
    return this.answer(reply, await this.settings.read());
  }

  /** Changes the settings; what is absent stays as it is. */
  @Put('settings')
  @Access('admin')
  @AnswersEtag()
  @TakesIfMatch()
  async update(
    @Body() body: UpdateAuditSettings,
    @Headers('if-match') ifMatch: string | undefined,
    @CurrentActor() actor: Actor,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AuditSettingsView> {
    return this.answer(reply, await this.settings.update(body, expectedVersion(ifMatch), actor));
  }

  /** Deletes now what the retention does not keep. */
  @Post('prune')
  @HttpCode(200)
  @Access('admin')
  run(@CurrentActor() actor: Actor): Promise<PruneRunView> {
    return this.prune.requested(actor);
  }

  private async answer(
    reply: FastifyReply,
    stored: StoredSetting<AuditSettings>,
  ): Promise<AuditSettingsView> {
    reply.header('etag', etagOf(stored.version));
    return settingsView(stored.value, await this.runs.last());
  }
}
