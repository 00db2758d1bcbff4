import { Body, Controller, Get, Headers, Put, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { API } from '../../platform/http/api.js';
import { etagOf, expectedVersion } from '../../platform/http/etag.js';
import { DEFAULT_PAGE_SIZE } from '../../platform/http/page.js';
import type { StoredSetting } from '../../platform/settings/settings.port.js';
import { AnswersEtag, TakesIfMatch } from '../../platform/openapi/etag-declarations.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import { RateLimitUsageList, RateLimitUsageQuery } from './dto/rate-limit-usage.dto.js';
import { RateLimitDto, RateLimitView } from './dto/rate-limit.dto.js';
import type { RateLimitSettings } from './rate-limit-settings.policy.js';
import { RateLimitSettingsService } from './rate-limit-settings.service.js';
import { RateLimitUsage } from './rate-limit-usage.service.js';

@ApiTags('rate-limit')
@Controller(`${API}/rate-limit`)
export class RateLimitController {
  constructor(
    private readonly settings: RateLimitSettingsService,
    private readonly usage: RateLimitUsage,
  ) {}

  /** The rate limits. */
  @Get()
  @Access('auditor')
  @AnswersEtag()
  async read(@Res({ passthrough: true }) reply: FastifyReply): Promise<RateLimitView> {
    return answer(await this.settings.read(), reply);
  }

  /** Replaces the rate limits. In force at once; what was counted stays counted. */
  @Put()
  @Access('admin')
  @AnswersEtag()
  @TakesIfMatch()
  async replace(
    @Body() body: RateLimitDto,
    @Headers('if-match') ifMatch: string | undefined,
    @CurrentActor() actor: Actor,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RateLimitView> {
    return answer(await this.settings.replace(body, expectedVersion(ifMatch), actor), reply);
  }

  /** Who is near or over a limit, now and over the last day, as this node saw it. Most refused first. */
  @Get('usage')
  @Access('auditor')
  async listUsage(@Query() query: RateLimitUsageQuery): Promise<RateLimitUsageList> {
    return { items: await this.usage.list(query.limit ?? DEFAULT_PAGE_SIZE, Date.now()), nextCursor: null };
  }
}

function answer({ value, version }: StoredSetting<RateLimitSettings>, reply: FastifyReply): RateLimitView {
  void reply.header('ETag', etagOf(version));
  return {
    ...value,
    window: { ...value.window },
    credentials: [...value.credentials],
    overrides: value.overrides.map((override) => ({ ...override, window: { ...override.window } })),
    failedAuthentications: { ...value.failedAuthentications },
  };
}
