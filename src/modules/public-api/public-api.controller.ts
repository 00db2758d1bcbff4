import { Body, Controller, Get, Headers, Put, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { MethodRuleSetting } from '../../lib/method-rule.js';
import { API } from '../../platform/http/api.js';
import { etagOf, expectedVersion } from '../../platform/http/etag.js';
import { AnswersEtag, TakesIfMatch } from '../../platform/openapi/etag-declarations.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import { PUBLIC_APIS } from './catalogue/public-catalogue.policy.js';
import {
  ApiRuleDto,
  PublicApiCatalogueView,
  PublicApiDto,
  PublicApiView,
  SavedPublicApiView,
} from './dto/public-api.dto.js';
import type { PublicApiSettings } from './public-api-settings.policy.js';
import { PublicApiService } from './public-api.service.js';

@ApiTags('public-api')
@Controller(`${API}/public-api`)
export class PublicApiController {
  constructor(private readonly service: PublicApiService) {}

  /** The lists of restricted, bypassed and additional public APIs. */
  @Get()
  @Access('auditor')
  @AnswersEtag()
  async read(@Res({ passthrough: true }) reply: FastifyReply): Promise<PublicApiView> {
    const { value, version } = await this.service.read();
    reply.header('ETag', etagOf(version));
    return viewOf(value);
  }

  /** Replaces the lists. */
  @Put()
  @Access('admin')
  @AnswersEtag()
  @TakesIfMatch()
  async replace(
    @Body() body: PublicApiDto,
    @Headers('if-match') ifMatch: string | undefined,
    @CurrentActor() actor: Actor,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SavedPublicApiView> {
    const saved = await this.service.replace(body, actor, expectedVersion(ifMatch));
    reply.header('ETag', etagOf(saved.version));
    return { ...viewOf(saved.value), warnings: [...saved.warnings] };
  }

  /** The APIs of each product that may be called anonymously unless they are restricted. */
  @Get('catalogue')
  @Access('auditor')
  catalogue(): PublicApiCatalogueView {
    return { items: PUBLIC_APIS.map((api) => ({ ...api, methods: ['GET', 'HEAD'] })), nextCursor: null };
  }
}

function viewOf(value: PublicApiSettings): PublicApiView {
  return {
    restricted: value.restricted.map(ruleOf),
    bypass: value.bypass.map(ruleOf),
    additionalPublic: value.additionalPublic.map(ruleOf),
  };
}

function ruleOf(rule: MethodRuleSetting): ApiRuleDto {
  return { ...rule, methods: [...rule.methods] };
}
