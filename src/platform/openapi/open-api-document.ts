import { STATUS_CODES } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ACCESS_EXTENSION } from './access-extension.js';
import {
  CONFIGURATION_SCHEMA,
  configurationSchema,
  describedSections,
  sectionClasses,
  standaloneConfigurationSchema,
} from './configuration-schema.js';
import type { ApiTexts } from './api-document.js';
import { declareEtags } from './etag-declarations.js';
import { addExamples } from './examples.js';
import { completeInputs } from './input-schemas.js';
import { PROBLEM_RESPONSES, PROBLEM_SCHEMA, responseReference } from './problem-schema.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

const BEARER = 'bearer';
/** Fastify's `maxParamLength`. */
const LONGEST_PATH_PARAMETER = 100;
const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options', 'trace'] as const;

const DESCRIPTION = [
  'Admin and self-service API of Restgate. Send `Authorization: Bearer` with ADMIN_TOKEN, an API token, or a token',
  'of a configured identity provider. `x-access` of each operation says who may call it: `public`, `user`,',
  '`auditor` or `admin`. Errors are RFC 9457 problem details with a stable `code`.',
].join(' ');

/**
 * The OpenAPI 3.1 document of every control-plane route: security and error answers follow from the routes'
 * own declarations. The same code gives the same text, whatever the order of modules.
 */
export function buildOpenApiDocument(app: INestApplication, version: string): OpenAPIObject {
  const base = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Restgate')
    .setDescription(DESCRIPTION)
    .setVersion(version)
    .addServer('/')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN, API token or access token.' },
      BEARER,
    )
    .build();
  const sections = describedSections(app);
  const document = SwaggerModule.createDocument(app, base, {
    operationIdFactory: (controller, method) => operationId(controller, method),
    extraModels: sectionClasses(sections),
  });
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (operation) completeOperation(operation, path);
    }
  }
  document.tags = tagsOf(document);
  const components = (document.components ??= {});
  components.schemas = { ...components.schemas, Problem: PROBLEM_SCHEMA };
  if (Object.keys(sections).length > 0) {
    Object.assign(components.schemas, { [CONFIGURATION_SCHEMA]: configurationSchema(sections) });
  }
  components.responses = { ...components.responses, ...PROBLEM_RESPONSES };
  completeInputs(document, CONFIGURATION_SCHEMA);
  addExamples(document);
  return sorted(document) as OpenAPIObject;
}

/** The texts that are committed and served. */
export function apiTexts(document: OpenAPIObject): ApiTexts {
  return {
    openApi: textOf(document),
    configurationSchema: textOf(standaloneConfigurationSchema(document)),
  };
}

function textOf(document: object): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function operationId(controller: string, method: string): string {
  const subject = controller.replace(/Controller$/, '');
  return `${subject.charAt(0).toLowerCase()}${subject.slice(1)}_${method}`;
}

function completeOperation(operation: Operation, path: string): void {
  const access = (operation as unknown as Record<string, unknown>)[ACCESS_EXTENSION];
  declareEtags(operation);
  for (const parameter of operation.parameters ?? []) limitPathParameter(parameter);
  operation.security = access === 'public' ? [] : [{ [BEARER]: [] }];
  const responses = operation.responses;
  for (const [status, response] of Object.entries(responses)) {
    if (response && 'description' in response && !response.description)
      response.description = STATUS_CODES[status] ?? '';
  }
  const takesInput = operation.requestBody !== undefined || (operation.parameters ?? []).length > 0;
  if (takesInput) responses['400'] ??= responseReference('InvalidRequest');
  if (access !== 'public') {
    responses['401'] ??= responseReference('Unauthenticated');
    responses['403'] ??= responseReference('Forbidden');
  }
  if (path.includes('{')) responses['404'] ??= responseReference('NotFound');
  responses['default'] ??= responseReference('Unexpected');
}

/** The router knows no route with longer parts of a path (404). */
function limitPathParameter(parameter: object): void {
  const { in: place, schema } = parameter as { in?: string; schema?: Record<string, unknown> };
  if (place !== 'path' || schema?.['type'] !== 'string' || 'maxLength' in schema) return;
  schema['maxLength'] = LONGEST_PATH_PARAMETER;
}

function tagsOf({ paths }: OpenAPIObject): { name: string }[] {
  const operations = Object.values(paths).flatMap((item) => METHODS.map((method) => item[method]));
  const names = new Set(operations.flatMap((operation) => operation?.tags ?? []));
  return [...names].sort().map((name) => ({ name }));
}

/** Object keys in alphabetical order at every depth; arrays stay as they are. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
