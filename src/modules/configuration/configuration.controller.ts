import { Body, Controller, Get, Headers, Put, Query, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { API } from '../../platform/http/api.js';
import { CONFIGURATION_SCHEMA } from '../../platform/openapi/configuration-schema.js';
import { AnswersEtag, TakesIfMatch } from '../../platform/openapi/etag-declarations.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import { parseDocument, toYaml } from './configuration-document.policy.js';
import { ConfigurationService, etagOfDocument } from './configuration.service.js';
import { ApplyQuery, ConfigurationPlanView, ExportQuery } from './dto/configuration.dto.js';

const DOCUMENT = { $ref: `#/components/schemas/${CONFIGURATION_SCHEMA}` };

@ApiTags('configuration')
@Controller(`${API}/configuration`)
export class ConfigurationController {
  constructor(private readonly configuration: ConfigurationService) {}

  /** The whole configuration as one document, without secrets. The same configuration gives the same bytes. */
  @Access('auditor')
  @AnswersEtag()
  @Get()
  @ApiProduces('application/json', 'application/yaml')
  @ApiResponse({ status: 200, schema: DOCUMENT, description: 'The document; its ETag goes into If-Match.' })
  async export(
    @Query() query: ExportQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const document = await this.configuration.export();
    const asYaml = query.format === 'yaml';
    reply.header('etag', etagOfDocument(document));
    reply.header(
      'content-type',
      asYaml ? 'application/yaml; charset=utf-8' : 'application/json; charset=utf-8',
    );
    return asYaml ? toYaml(document) : `${JSON.stringify(document, undefined, 2)}\n`;
  }

  /**
   * Makes the configuration say what the document says, all or nothing. Sections that it leaves out stay as they
   * are; items that a section leaves out are deleted; secrets that an item leaves out are kept.
   */
  @Access('admin')
  @TakesIfMatch()
  @Put()
  @RouteConfig({ yamlBody: true })
  @ApiConsumes('application/json', 'application/yaml')
  @ApiBody({ schema: DOCUMENT })
  async apply(
    @Body() body: unknown,
    @Query() query: ApplyQuery,
    @Headers('if-match') ifMatch: string | undefined,
    @CurrentActor() actor: Actor,
  ): Promise<ConfigurationPlanView> {
    const dryRun = query.dryRun === 'true';
    const changes = await this.configuration.apply(typeof body === 'string' ? parseDocument(body) : body, {
      actor,
      dryRun,
      confirmed: query.confirm === 'true',
      ...(ifMatch === undefined || ifMatch === '*' ? {} : { expectedEtag: ifMatch }),
    });
    return { applied: !dryRun, changes: [...changes] };
  }
}
