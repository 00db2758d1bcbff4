import { Controller, Get, HttpCode, Param, ParseIntPipe, Post, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { API } from '../../platform/http/api.js';
import { DEFAULT_PAGE_SIZE } from '../../platform/http/page.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import {
  RestoreQuery,
  SettingVersionDetailView,
  SettingVersionPageView,
  SettingVersionsQuery,
} from './dto/setting-versions.dto.js';
import { SettingVersions } from './setting-versions.service.js';

const VERSION_PARAM = { name: 'version', schema: { type: 'integer', minimum: 1, maximum: 2_147_483_647 } };

/** The history of settings. Applications and providers have theirs in the audit log. */
@ApiTags('configuration')
@Controller(`${API}/configuration/versions`)
export class SettingVersionsController {
  constructor(private readonly versions: SettingVersions) {}

  /** Every save of settings, the newest first: who, when, before and after. */
  @Access('auditor')
  @Get()
  list(@Query() { key, cursor, limit }: SettingVersionsQuery): Promise<SettingVersionPageView> {
    return this.versions.list(key, cursor, limit ?? DEFAULT_PAGE_SIZE);
  }

  /** One version with its value. A slash in the key is written `%2F`. */
  @Access('auditor')
  @Get(':key/:version')
  @ApiParam(VERSION_PARAM)
  read(
    @Param('key') key: string,
    @Param('version', ParseIntPipe) version: number,
  ): Promise<SettingVersionDetailView> {
    return this.versions.read(key, version);
  }

  /**
   * Saves what a version said as a new version. Secrets stay as they are now. `confirm=true` is needed to restore
   * what shuts the caller out. Answers the version in force.
   */
  @Access('admin')
  @Post(':key/:version/restore')
  @ApiParam(VERSION_PARAM)
  @HttpCode(200)
  restore(
    @Param('key') key: string,
    @Param('version', ParseIntPipe) version: number,
    @Query() query: RestoreQuery,
    @CurrentActor() actor: Actor,
  ): Promise<SettingVersionDetailView> {
    return this.versions.restore(key, version, { actor, confirmed: query.confirm === 'true' });
  }
}
