import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ApiProperty } from '@nestjs/swagger';
import { Access } from '../../../src/modules/access/access.port.js';
import { apiTexts, buildOpenApiDocument } from '../../../src/platform/openapi/open-api-document.js';
import { createControlApp } from '../../support/control-plane/control-app.js';

class ThingDto {
  @ApiProperty()
  name: string;

  @ApiProperty({ type: 'string', nullable: true })
  note: string | null;
}

@Controller('restgate/api/v1/things')
class ThingsController {
  @Access('admin')
  @Post()
  create(@Body() body: ThingDto): ThingDto {
    return body;
  }

  @Access('admin')
  @Delete(':id')
  remove(@Param('id') id: string): string {
    return id;
  }

  @Access('public')
  @Get()
  list(): ThingDto[] {
    return [];
  }
}

let app: NestFastifyApplication;
let document: OpenAPIObject;

beforeAll(async () => {
  app = await createControlApp({ controllers: [ThingsController] });
  document = (await app.inject('/restgate/docs/openapi.json')).json();
});
afterAll(() => app.close());

describe('the OpenAPI document', () => {
  it('is 3.1, served to everybody', () => {
    expect([document.openapi, document.info.title, document.info.version]).toEqual([
      '3.1.0',
      'Restgate',
      '0.0.0-test',
    ]);
    expect(JSON.stringify(document.components?.schemas?.['ThingDto'])).toContain('["string","null"]');
  });

  it('says of each operation who may call it, and with what', () => {
    const things = document.paths['/restgate/api/v1/things'];
    expect(things?.post).toMatchObject({ 'x-access': 'admin', security: [{ bearer: [] }] });
    expect(things?.get).toMatchObject({ 'x-access': 'public', security: [] });
    expect(document.components?.securitySchemes?.['bearer']).toMatchObject({
      type: 'http',
      scheme: 'bearer',
    });
  });

  it('names the error answers, all of them problem details', () => {
    const { post, get } = document.paths['/restgate/api/v1/things'] ?? {};
    expect(Object.keys(post?.responses ?? {})).toEqual(['201', '400', '401', '403', 'default']);
    expect(Object.keys(get?.responses ?? {})).toEqual(['200', 'default']);
    const item = document.paths['/restgate/api/v1/things/{id}']?.delete;
    expect(Object.keys(item?.responses ?? {})).toContain('404');
    expect(document.components?.responses?.['NotFound']).toMatchObject({
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    });
  });

  it('has no routes for pages, unknown paths or proxied requests', () => {
    const paths = Object.keys(document.paths);
    expect(paths).toEqual([...paths].sort());
    expect(paths).toEqual(expect.arrayContaining(['/restgate/health/live', '/restgate/metrics']));
    expect(paths.filter((path) => path.includes('*') || path.includes('docs'))).toEqual([]);
  });

  it('is the same text whenever it is built', () => {
    const build = (): string => apiTexts(buildOpenApiDocument(app, '1.0.0')).openApi;
    expect(build()).toBe(build());
  });
});
