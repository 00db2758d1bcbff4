import type { ExecutionContext } from '@nestjs/common';
import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { Actor } from '../../../src/modules/access/access.port.js';
import { PROVIDERS } from '../../../src/modules/providers/provider-settings.port.js';
import type { ProvidersSnapshot } from '../../../src/modules/providers/provider-settings.port.js';
import { ProvidersModule } from '../../../src/modules/providers/providers.module.js';
import { isRefusal, TOKEN_VERIFIER } from '../../../src/modules/providers/providers.port.js';
import type { TokenVerifierPort } from '../../../src/modules/providers/providers.port.js';
import { CHANGE_FEED } from '../../../src/platform/change-feed/change-feed.port.js';
import type { ChangeDescription } from '../../../src/platform/change-feed/change-feed.port.js';
import { ChangeFeedService } from '../../../src/platform/change-feed/change-feed.service.js';
import { CONFIG } from '../../../src/platform/config/config.js';
import { SECRET_BOX, SecretBox } from '../../../src/platform/crypto/secret-box.js';
import { DatabaseModule } from '../../../src/platform/database/database.module.js';
import { ProblemFilter } from '../../../src/platform/http/problem-filter.js';
import { createValidationPipe } from '../../../src/platform/http/validation-pipe.js';
import { LOGGER } from '../../../src/platform/logging/logger.js';
import { METRICS } from '../../../src/platform/metrics/metrics.js';
import { createTestDatabase } from '../../support/database.js';

export const PUBLIC_URL = 'http://127.0.0.1';
export const KEY = Buffer.alloc(32, 7);

const ACTOR: Actor = {
  username: 'root-admin',
  level: 'admin',
  groups: [],
  credential: { kind: 'api-token' },
  bootstrap: false,
  clientIp: '192.0.2.1',
  requestId: 'r1',
};

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | number | undefined>;
  body: Record<string, unknown>;
  text: string;
}

/** The providers module over a real database; callers are whoever the test says. */
export class ProviderNode {
  readonly changes: ChangeDescription[] = [];

  constructor(
    readonly app: NestFastifyApplication,
    readonly changeFeed: ChangeFeedService,
  ) {
    changeFeed.onChange((change) => Promise.resolve(void this.changes.push(change)));
  }

  static async start(url: string): Promise<ProviderNode> {
    const app = await createApp(url);
    const node = new ProviderNode(app, app.get(ChangeFeedService));
    await node.changeFeed.start();
    return node;
  }

  get snapshot(): ProvidersSnapshot {
    return PROVIDERS.of(this.changeFeed.current);
  }

  async call(method: string, path: string, body?: object, options: CallOptions = {}): Promise<Answer> {
    return this.request(method, `/restgate/api/v1${path}`, body, options);
  }

  async request(method: string, url: string, body?: object, options: CallOptions = {}): Promise<Answer> {
    const actor = JSON.stringify({ ...ACTOR, ...options.actor });
    const answer = await this.app.inject({
      method: method as 'GET',
      url,
      headers: { ...options.headers, 'x-test-actor': actor },
      ...(body && { payload: body }),
    });
    const json = String(answer.headers['content-type']).includes('json') && answer.payload !== '';
    const parsed = (json ? JSON.parse(answer.payload) : {}) as Record<string, unknown>;
    return { status: answer.statusCode, headers: answer.headers, body: parsed, text: answer.payload };
  }

  /** The user a token is accepted as, or the reason. */
  async outcome(token: string): Promise<string> {
    const result = await this.app.get<TokenVerifierPort>(TOKEN_VERIFIER).verify(token);
    return isRefusal(result) ? result.refused : `user ${result.subject.value}`;
  }

  /** Removes every provider and forgets the changes so far. */
  async clear(): Promise<void> {
    const { body } = await this.call('GET', '/providers');
    for (const { id } of body['items'] as { id: string }[]) await this.call('DELETE', `/providers/${id}`);
    this.changes.length = 0;
  }

  stop(): Promise<void> {
    return this.app.close();
  }
}

export interface CallOptions {
  actor?: Partial<Actor>;
  headers?: Record<string, string>;
}

export async function startWorld(): Promise<{ node: ProviderNode; url: string; stop: () => Promise<void> }> {
  const database = await createTestDatabase();
  const node = await ProviderNode.start(database.url);
  const stop = async (): Promise<void> => {
    await node.stop();
    await database.drop();
  };
  return { node, url: database.url, stop };
}

async function createApp(url: string): Promise<NestFastifyApplication> {
  @Global()
  @Module({})
  class Surroundings {}
  const log = pino({ level: 'silent' });
  const ports = [
    { provide: LOGGER, useValue: log },
    { provide: CONFIG, useValue: { publicUrl: PUBLIC_URL, providerAllowedHosts: [] } },
    { provide: METRICS, useValue: new Registry() },
    { provide: SECRET_BOX, useValue: new SecretBox([KEY]) },
    ChangeFeedService,
    { provide: CHANGE_FEED, useExisting: ChangeFeedService },
    { provide: APP_GUARD, useValue: { canActivate: readActor } },
  ];
  const exported = ports
    .map((port) => ('provide' in port ? port.provide : port))
    .filter((port) => port !== APP_GUARD);
  const module = await Test.createTestingModule({
    imports: [
      DatabaseModule.forRoot({ url }),
      { module: Surroundings, providers: ports, exports: exported },
      ProvidersModule,
    ],
  }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ProblemFilter(log));
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

function readActor(context: ExecutionContext): boolean {
  const request = context.switchToHttp().getRequest<{ actor?: Actor; headers: Record<string, string> }>();
  request.actor = JSON.parse(request.headers['x-test-actor'] ?? '{}') as Actor;
  return true;
}
