import { Global, Module } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { pino } from 'pino';
import { DataSource } from 'typeorm';
import type { Actor } from '../../../src/modules/access/access.port.js';
import { ApplicationsModule } from '../../../src/modules/applications/applications.module.js';
import { APPLICATIONS } from '../../../src/modules/applications/applications.port.js';
import type { Application } from '../../../src/modules/applications/applications.port.js';
import { ApplicationBootstrap } from '../../../src/modules/applications/application-bootstrap.service.js';
import { AuditModule } from '../../../src/modules/audit/audit.module.js';
import { AUDIT } from '../../../src/modules/audit/audit.port.js';
import type { AuditEvent } from '../../../src/modules/audit/audit.port.js';
import { DirectoryModule } from '../../../src/modules/directory/directory.module.js';
import { DIRECTORY } from '../../../src/modules/directory/directory.port.js';
import type { DirectoryPort } from '../../../src/modules/directory/directory.port.js';
import { HEALTH } from '../../../src/modules/health/health.port.js';
import { IDENTITY } from '../../../src/modules/identity/identity.port.js';
import type { IdentityPort } from '../../../src/modules/identity/identity.port.js';
import { IdentityModule } from '../../../src/modules/identity/identity.module.js';
import { ChangeFeedService } from '../../../src/platform/change-feed/change-feed.service.js';
import type { ChangeDescription } from '../../../src/platform/change-feed/change-feed.port.js';
import type { Config } from '../../../src/platform/config/config.js';
import { ProblemFilter } from '../../../src/platform/http/problem-filter.js';
import { createValidationPipe } from '../../../src/platform/http/validation-pipe.js';
import { PlatformModule } from '../../../src/platform/platform.module.js';
import { createTestDatabase } from '../../support/database.js';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | number | undefined>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are looked into freely by tests
  readonly body: any;
}

const ACTOR: Actor = {
  username: 'admin',
  level: 'admin',
  groups: [],
  credential: { kind: 'oauth' },
  bootstrap: false,
  clientIp: '192.0.2.1',
  requestId: 'r1',
};

export const TEST_KEY = Buffer.alloc(32, 9);

/** One node with applications, directory and identity over a real database. */
export class ApplicationNode {
  readonly changes: ChangeDescription[] = [];

  private constructor(
    readonly app: NestFastifyApplication,
    /** What was recorded besides changes of settings. */
    readonly audited: readonly AuditEvent[],
    private readonly dropDatabase: () => Promise<void>,
  ) {}

  static async start(config: Partial<Config> = {}, databaseUrl?: string): Promise<ApplicationNode> {
    const own = databaseUrl === undefined ? await createTestDatabase() : undefined;
    const audited: AuditEvent[] = [];
    const app = await createApp(config, databaseUrl ?? (own?.url as string), audited);
    const node = new ApplicationNode(app, audited, async () => own?.drop());
    node.changeFeed.onChange((change) => Promise.resolve(void node.changes.push(change)));
    await node.changeFeed.start();
    return node;
  }

  get changeFeed(): ChangeFeedService {
    return this.app.get(ChangeFeedService);
  }

  get dataSource(): DataSource {
    return this.app.get(DataSource);
  }

  get bootstrap(): ApplicationBootstrap {
    return this.app.get(ApplicationBootstrap);
  }

  get directory(): DirectoryPort {
    return this.app.get<DirectoryPort>(DIRECTORY, { strict: false });
  }

  get identity(): IdentityPort {
    return this.app.get<IdentityPort>(IDENTITY, { strict: false });
  }

  application(key: string): Application {
    const found = APPLICATIONS.of(this.changeFeed.current).byKey.get(key);
    if (!found) throw new Error(`There is no application ${key}`);
    return found;
  }

  async call(
    method: string,
    path: string,
    body?: object,
    more: { actor?: Partial<Actor>; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const answer = await this.app.inject({
      method: method as 'GET',
      url: `/restgate/api/v1${path}`,
      headers: { ...more.headers, 'x-test-actor': JSON.stringify({ ...ACTOR, ...more.actor }) },
      ...(body && { payload: body }),
    });
    const parsed: unknown = answer.payload === '' ? undefined : JSON.parse(answer.payload);
    return { status: answer.statusCode, headers: answer.headers, body: parsed };
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.dropDatabase();
  }
}

async function createApp(
  config: Partial<Config>,
  url: string,
  audited: AuditEvent[],
): Promise<NestFastifyApplication> {
  const log = pino({ level: 'silent' });
  const full = {
    version: '0.0.0-test',
    encryptionKeys: [TEST_KEY],
    bootstrapApplications: {},
    port: 0,
    publicUrl: 'http://localhost:8080',
    ...config,
  } as Config;
  @Global()
  @Module({
    providers: [
      { provide: APP_GUARD, useValue: { canActivate: readActor } },
      { provide: HEALTH, useValue: { register: () => undefined } },
    ],
    exports: [HEALTH],
  })
  class Actors {}
  const imports = [
    PlatformModule.forRoot(full, url, log),
    Actors,
    ApplicationsModule,
    DirectoryModule,
    IdentityModule,
  ];
  @Module({
    providers: [{ provide: AUDIT, useValue: { record: (event: AuditEvent) => audited.push(event) } }],
    exports: [AUDIT],
  })
  class Audited {}
  const module = await Test.createTestingModule({ imports })
    .overrideModule(AuditModule)
    .useModule(Audited)
    .compile();
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
