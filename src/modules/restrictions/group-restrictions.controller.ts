import { Body, Controller, Get, Headers, Put, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { API } from '../../platform/http/api.js';
import { etagOf, expectedVersion } from '../../platform/http/etag.js';
import { AnswersEtag, TakesIfMatch } from '../../platform/openapi/etag-declarations.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import { GroupReportView } from './dto/group-report.dto.js';
import {
  GroupRestrictionsDto,
  GroupRestrictionsView,
  SavedGroupRestrictionsView,
} from './dto/group-restrictions.dto.js';
import { GroupReportService } from './group-report.service.js';
import { GroupRestrictionsService } from './group-restrictions.service.js';
import type { GroupListSetting, GroupSettings } from './group-settings.policy.js';

@ApiTags('restrictions')
@Controller(`${API}/restrictions/groups`)
export class GroupRestrictionsController {
  constructor(
    private readonly service: GroupRestrictionsService,
    private readonly reports: GroupReportService,
  ) {}

  /** The group restrictions. */
  @Get()
  @Access('auditor')
  @AnswersEtag()
  async read(@Res({ passthrough: true }) reply: FastifyReply): Promise<GroupRestrictionsView> {
    const { value, version } = await this.service.read();
    reply.header('ETag', etagOf(version));
    return viewOf(value);
  }

  /** Replaces the group restrictions. Groups that no directory knows are saved and named in `warnings`. */
  @Put()
  @Access('admin')
  @AnswersEtag()
  @TakesIfMatch()
  async replace(
    @Body() body: GroupRestrictionsDto,
    @Headers('if-match') ifMatch: string | undefined,
    @CurrentActor() actor: Actor,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SavedGroupRestrictionsView> {
    const saved = await this.service.replace(body, actor, expectedVersion(ifMatch));
    reply.header('ETag', etagOf(saved.version));
    return { ...viewOf(saved.value), warnings: [...saved.warnings] };
  }

  /** Who, in the last 30 days, would have been refused by the group restrictions in report mode. */
  @Get('report')
  @Access('auditor')
  async report(): Promise<GroupReportView> {
    const { days, items } = await this.reports.report();
    const views = items.map((item) => ({ ...item, paths: [...item.paths], clients: [...item.clients] }));
    return { days, items: views, nextCursor: null };
  }
}

function viewOf(value: GroupSettings): GroupRestrictionsView {
  return {
    apiAccess: listOf(value.apiAccess),
    readOnly: listOf(value.readOnly),
    tokenCreation: listOf(value.tokenCreation),
    mode: value.mode,
  };
}

function listOf({ enabled, groups }: GroupListSetting): { enabled: boolean; groups: string[] } {
  return { enabled, groups: [...groups] };
}
