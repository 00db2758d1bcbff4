import { Global, Module } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { pino } from 'pino';
import { DataSource } from 'typeorm';
import { AccessModule } from '../../../src/modules/access/access.module.js';
import { AUTHENTICATOR } from '../../../src/modules/credentials/credentials.port.js';
import type { AuthenticatorPort } from '../../../src/modules/credentials/credentials.port.js';
import { HealthModule } from '../../../src/modules/health/health.module.js';
import { CHANGE_FEED } from '../../../src/platform/change-feed/change-feed.port.js';
import { ChangeFeedService } from '../../../src/platform/change-feed/change-feed.service.js';
import { initialSnapshot } from '../../../src/platform/change-feed/snapshot.js';
import type { Snapshot } from '../../../src/platform/change-feed/snapshot.js';
import { CONFIG } from '../../../src/platform/config/config.js';
import type { Config } from '../../../src/platform/config/config.js';
import { configureControlPlane } from '../../../src/platform/http/control-plane.js';
import { answerFrameworkError } from '../../../src/platform/http/problem-filter.js';
import { LOGGER } from '../../../src/platform/logging/logger.js';
import { createMetrics, METRICS } from '../../../src/platform/metrics/metrics.js';

export const ADMIN_TOKEN = 'test-admin-token-of-enough-length';

export const testConfig = {
  installDir: process.cwd(),
  version: '0.0.0-test',
  publicUrl: 'http://localhost:8080',
  adminToken: ADMIN_TOKEN,
  metricsPublic: false,
  redisUrl: undefined,
} as unknown as Config;

export const nobody: AuthenticatorPort = {
  recognise: () => ({ kind: 'none', form: 'none', secret: '' }),
  authenticate: () => ({ verdict: 'deny', reason: 'token_unknown' }),
};

export interface ControlAppOptions {
  readonly imports?: readonly (Type | DynamicModule)[];
  readonly controllers?: readonly Type[];
  readonly authenticator?: AuthenticatorPort;
  readonly snapshot?: Snapshot;
  readonly config?: Partial<Config>;
  readonly dataSource?: Pick<DataSource, 'query'>;
  readonly changeFeedService?: Pick<ChangeFeedService, 'listening'>;
}

/** The control plane's frame around the given controllers, without database; not listening. */
export async function createControlApp(options: ControlAppOptions): Promise<NestFastifyApplication> {
  const module = await Test.createTestingModule({
    imports: [globals(options), AccessModule, HealthModule, ...(options.imports ?? [])],
    controllers: [...(options.controllers ?? [])],
  }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(
    new FastifyAdapter({ frameworkErrors: answerFrameworkError }),
    {
      bodyParser: false,
      logger: false,
    },
  );
  configureControlPlane(app, testConfig);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

function globals(options: ControlAppOptions): DynamicModule {
  @Global()
  @Module({})
  class TestGlobals {}
  const snapshot = options.snapshot ?? initialSnapshot();
  const providers = [
    { provide: CONFIG, useValue: { ...testConfig, ...options.config } },
    { provide: LOGGER, useValue: pino({ level: 'silent' }) },
    { provide: METRICS, useValue: createMetrics() },
    { provide: AUTHENTICATOR, useValue: options.authenticator ?? nobody },
    { provide: CHANGE_FEED, useValue: { current: snapshot } },
    { provide: ChangeFeedService, useValue: options.changeFeedService ?? { listening: true } },
    { provide: DataSource, useValue: options.dataSource ?? { query: async () => [] } },
  ];
  return { module: TestGlobals, providers, exports: providers.map(({ provide }) => provide) };
}
