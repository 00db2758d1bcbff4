import { Controller, Get, Header, StreamableFile } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { ApiDocument } from '../../platform/openapi/api-document.js';
import { Access } from '../access/access.port.js';
import { DOCS_PAGE, DOCS_SCRIPT, DOCS_STYLE } from './docs-page.policy.js';
import { DocsAssets } from './docs-assets.service.js';

const ASSET_CACHE = 'public, max-age=3600';

/** Swagger UI, with scripts and styles from files only, so that it runs under the strict content policy. */
@ApiExcludeController()
@Controller('restgate/docs')
export class DocsController {
  constructor(
    private readonly document: ApiDocument,
    private readonly assets: DocsAssets,
  ) {}

  @Access('public')
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    return DOCS_PAGE;
  }

  @Access('public')
  @Get('openapi.json')
  @Header('content-type', 'application/json; charset=utf-8')
  openApi(): string {
    return this.document.json;
  }

  /** For editors and pipelines: the schema of the document of GET and PUT /configuration. */
  @Access('public')
  @Get('configuration.schema.json')
  @Header('content-type', 'application/schema+json; charset=utf-8')
  configurationSchema(): string {
    return this.document.configurationSchema;
  }

  @Access('public')
  @Get('start.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  script(): string {
    return DOCS_SCRIPT;
  }

  @Access('public')
  @Get('page.css')
  @Header('content-type', 'text/css; charset=utf-8')
  style(): string {
    return DOCS_STYLE;
  }

  @Access('public')
  @Get('swagger-ui.css')
  @Header('cache-control', ASSET_CACHE)
  async swaggerStyle(): Promise<StreamableFile> {
    return new StreamableFile(await this.assets.read('swagger-ui.css'), { type: 'text/css; charset=utf-8' });
  }

  @Access('public')
  @Get('swagger-ui-bundle.js')
  @Header('cache-control', ASSET_CACHE)
  async swaggerScript(): Promise<StreamableFile> {
    const bundle = await this.assets.read('swagger-ui-bundle.js');
    return new StreamableFile(bundle, { type: 'text/javascript; charset=utf-8' });
  }
}
