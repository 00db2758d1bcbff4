import { chmodSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Global, Injectable, Module, UnauthorizedException } from '@nestjs/common';
import type { CanActivate, DynamicModule, ExecutionContext, Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { FastifyRequest } from 'fastify';
import { pino } from 'pino';
import type { Registry } from 'prom-client';
import { CLOCK } from '../../../src/lib/clock.js';
import { ACCESS_METADATA } from '../../../src/modules/access/access.port.js';
import type { Actor } from '../../../src/modules/access/access.port.js';
import { AUDIT } from '../../../src/modules/audit/audit.port.js';
import type { AuditPort } from '../../../src/modules/audit/audit.port.js';
import { AuditModule } from '../../../src/modules/audit/audit.module.js';
import { ChangeFeedModule } from '../../../src/platform/change-feed/change-feed.module.js';
import { ChangeFeedService } from '../../../src/platform/change-feed/change-feed.service.js';
import { CONFIG } from '../../../src/platform/config/config.js';
import { SECRET_BOX, SecretBox } from '../../../src/platform/crypto/secret-box.js';
import { DatabaseModule } from '../../../src/platform/database/database.module.js';
import { configureBodyParsers } from '../../../src/platform/http/body-parsers.js';
import { ProblemFilter } from '../../../src/platform/http/problem-filter.js';
import { installControlHeaders } from '../../../src/platform/http/security-headers.js';
import { createValidationPipe } from '../../../src/platform/http/validation-pipe.js';
import { LOGGER } from '../../../src/platform/logging/logger.js';
import type { Logger } from '../../../src/platform/logging/logger.js';
import { createMetrics, METRICS } from '../../../src/platform/metrics/metrics.js';
import { SettingsModule } from '../../../src/platform/settings/settings.module.js';
import { requestIdOf } from '../../../src/platform/http/request-id.js';

const ADMIN_TOKEN = 'audit-test-admin-token';
export const ENCRYPTION_KEY = Buffer.alloc(32, 7);

export interface AuditApp {
  readonly app: NestFastifyApplication;
  readonly audit: AuditPort;
  readonly dataDir: string;
  readonly metrics: Registry;
  /** A moved clock: add to `offsetMs` to travel. */
  readonly clock: { offsetMs: number; now(): number };
  /** Calls the control plane as the bootstrap admin. */
  call(
    method: 'GET' | 'PUT' | 'POST' | 'PATCH',
    path: string,
    body?: object,
    headers?: object,
  ): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers of many shapes
  readonly json: any;
}

/** A folder for one test; the caller removes it, or `AuditApp.close` does. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'restgate-audit-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** The audit module with a real database and the control plane's frame around it. */
export async function startAuditApp(
  databaseUrl: string,
  options: { dataDir?: string; imports?: readonly Type[] } = {},
): Promise<AuditApp> {
  const dataDir = options.dataDir ?? (await temporaryFolder());
  const clock = { offsetMs: 0, now: () => Date.now() + clock.offsetMs };
  const metrics = createMetrics();
  const module = await Test.createTestingModule({
    imports: [
      globals(dataDir, databaseUrl, metrics),
      DatabaseModule.forRoot({ url: databaseUrl, poolSize: 5 }),
      ChangeFeedModule,
      SettingsModule,
      AuditModule,
      ...(options.imports ?? []),
    ],
  })
    .overrideProvider(CLOCK)
    .useValue(clock)
    .compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), {
    bodyParser: false,
    logger: false,
  });
  frame(app);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  await app.get(ChangeFeedService).start();
  return {
    app,
    audit: app.get<AuditPort>(AUDIT),
    dataDir,
    metrics,
    clock,
    call: (method, path, body, headers) => call(app, method, path, body, headers),
    close: async () => {
      await app.close();
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** The control plane's HTTP frame, without the OpenAPI document. */
function frame(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  installControlHeaders(fastify);
  configureBodyParsers(fastify);
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ProblemFilter(app.get<Logger>(LOGGER)));
}

async function call(
  app: NestFastifyApplication,
  method: 'GET' | 'PUT' | 'POST' | 'PATCH',
  path: string,
  body?: object,
  headers?: object,
): Promise<Answer> {
  const answer = await app.inject({
    method,
    url: `/restgate/api/v1${path}`,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...headers },
    ...(body === undefined ? {} : { payload: body }),
  });
  const isJson = String(answer.headers['content-type']).includes('json');
  const text = answer.body;
  const json: unknown =
    isJson && !String(answer.headers['content-type']).includes('ndjson') && text
      ? JSON.parse(text)
      : undefined;
  return { status: answer.statusCode, headers: answer.headers, text, json };
}

/** Stands for the access guard: the bootstrap admin on declared routes, nobody else. */
@Injectable()
class AdminOnly implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (Reflect.getMetadata(ACCESS_METADATA, context.getHandler()) === undefined) return false;
    const request = context.switchToHttp().getRequest<FastifyRequest & { actor?: Actor }>();
    if (request.headers.authorization !== `Bearer ${ADMIN_TOKEN}`) throw new UnauthorizedException();
    request.actor = {
      username: 'bootstrap-admin',
      level: 'admin',
      groups: [],
      credential: { kind: 'none' },
      bootstrap: true,
      clientIp: '127.0.0.1',
      requestId: requestIdOf(request.raw),
    };
    return true;
  }
}

function globals(dataDir: string, databaseUrl: string, metrics: Registry): DynamicModule {
  @Global()
  @Module({})
  class TestGlobals {}
  const providers = [
    { provide: CONFIG, useValue: { dataDir, databaseUrl, version: '0.0.0-test' } },
    { provide: LOGGER, useValue: pino({ level: process.env['TEST_LOG'] ?? 'silent' }) },
    { provide: METRICS, useValue: metrics },
    { provide: SECRET_BOX, useValue: new SecretBox([ENCRYPTION_KEY]) },
    { provide: APP_GUARD, useClass: AdminOnly },
  ];
  return {
    module: TestGlobals,
    providers,
    exports: providers.map(({ provide }) => provide).filter((provide) => provide !== APP_GUARD),
  };
}
