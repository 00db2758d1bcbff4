import type { ExecutionContext } from '@nestjs/common';
import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { pino } from 'pino';
import { DataSource } from 'typeorm';
import type { Actor } from '../../../src/modules/access/access.port.js';
import { APPLICATIONS } from '../../../src/modules/applications/applications.port.js';
import type { Application } from '../../../src/modules/applications/applications.port.js';
import { AUDIT } from '../../../src/modules/audit/audit.port.js';
import type { AuditEvent } from '../../../src/modules/audit/audit.port.js';
import { DIRECTORY, DirectoryUnavailableError } from '../../../src/modules/directory/directory.port.js';
import type { DirectoryUser } from '../../../src/modules/directory/directory.port.js';
import { GlobalSettingsController } from '../../../src/modules/global-settings/global-settings.controller.js';
import { GlobalSettingsService } from '../../../src/modules/global-settings/global-settings.service.js';
import { GROUP_RESTRICTIONS } from '../../../src/modules/restrictions/restrictions.port.js';
import type { GroupRestrictions } from '../../../src/modules/restrictions/restrictions.port.js';
import { ApiTokenEntity } from '../../../src/modules/tokens/api-token.entity.js';
import { MyTokensController } from '../../../src/modules/tokens/my-tokens.controller.js';
import { TokenCreators } from '../../../src/modules/tokens/token-creators.service.js';
import { TokenJobs } from '../../../src/modules/tokens/token-jobs.service.js';
import { TokenListService } from '../../../src/modules/tokens/token-list.service.js';
import { TokenLoader } from '../../../src/modules/tokens/token-loader.service.js';
import { TokenOwnerService } from '../../../src/modules/tokens/token-owner.service.js';
import { TokenSettingsController } from '../../../src/modules/tokens/token-settings.controller.js';
import { TokenSettingsService } from '../../../src/modules/tokens/token-settings.service.js';
import { TokenUseRecorder } from '../../../src/modules/tokens/token-use.service.js';
import { TokenVerifier } from '../../../src/modules/tokens/token-verifier.service.js';
import { TokenViolationsService } from '../../../src/modules/tokens/token-violations.service.js';
import { TokensController } from '../../../src/modules/tokens/tokens.controller.js';
import { TokensRepository } from '../../../src/modules/tokens/tokens.repository.js';
import { TokensService } from '../../../src/modules/tokens/tokens.service.js';
import { CHANGE_FEED } from '../../../src/platform/change-feed/change-feed.port.js';
import type { ChangeDescription } from '../../../src/platform/change-feed/change-feed.port.js';
import { ChangeFeedService } from '../../../src/platform/change-feed/change-feed.service.js';
import { postgresOptions } from '../../../src/platform/database/data-source.js';
import { ProblemFilter } from '../../../src/platform/http/problem-filter.js';
import { createValidationPipe } from '../../../src/platform/http/validation-pipe.js';
import { LOGGER } from '../../../src/platform/logging/logger.js';
import { SettingsStore } from '../../../src/platform/settings/settings-store.service.js';
import { SETTINGS_STORE } from '../../../src/platform/settings/settings.port.js';
import { createTestDatabase } from '../../support/database.js';

/** What the tests say about the world around the tokens module. */
export interface Surroundings {
  applications: Pick<Application, 'key' | 'enabled' | 'directory'>[];
  users: Record<string, { active: boolean; groups: string[] }>;
  directoryAway: boolean;
  restrictions: GroupRestrictions;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | number | undefined>;
  body: Record<string, unknown>;
}

const ACTOR: Actor = {
  username: 'alice',
  level: 'user',
  groups: ['staff'],
  credential: { kind: 'oauth' },
  bootstrap: false,
  clientIp: '192.0.2.1',
  requestId: 'r1',
};
export const bootstrap: Partial<Actor> = { username: 'bootstrap-admin', level: 'admin', bootstrap: true };
export const alice: Partial<Actor> = {};
export const bob: Partial<Actor> = { username: 'bob', groups: [] };

/** One node: the tokens and global settings modules over a real database, with a directory made of a table. */
export class TokenNode {
  readonly events: AuditEvent[] = [];
  readonly changes: ChangeDescription[] = [];

  private constructor(
    readonly app: NestFastifyApplication,
    readonly dataSource: DataSource,
    readonly changeFeed: ChangeFeedService,
  ) {}

  static async start(url: string, surroundings: Surroundings): Promise<TokenNode> {
    const options = postgresOptions({ url }, () => undefined);
    const dataSource = await new DataSource({ ...options, entities: [ApiTokenEntity] }).initialize();
    const events: AuditEvent[] = [];
    const app = await createApp(dataSource, surroundings, events);
    const changeFeed = app.get(ChangeFeedService);
    const node = new TokenNode(app, dataSource, changeFeed);
    changeFeed.register(APPLICATIONS, () => Promise.resolve(applicationsOf(surroundings)));
    changeFeed.register(GROUP_RESTRICTIONS, () => Promise.resolve(surroundings.restrictions));
    changeFeed.onChange((change) => Promise.resolve(void node.changes.push(change)));
    Object.assign(node, { events });
    await changeFeed.start();
    return node;
  }

  /** Puts changed surroundings in force. */
  async reload(): Promise<void> {
    for (const { topic } of [APPLICATIONS, GROUP_RESTRICTIONS]) {
      await this.changeFeed.change(
        () => Promise.resolve(),
        () => ({ topic, by: 'test', target: topic }),
      );
    }
  }

  async call(
    actor: Partial<Actor>,
    method: string,
    path: string,
    body?: object,
    headers = {},
  ): Promise<Answer> {
    const answer = await this.app.inject({
      method: method as 'GET',
      url: `/restgate/api/v1${path}`,
      headers: { ...headers, 'x-test-actor': JSON.stringify({ ...ACTOR, ...actor }) },
      ...(body && { payload: body }),
    });
    const parsed = (answer.payload === '' ? {} : JSON.parse(answer.payload)) as Record<string, unknown>;
    return { status: answer.statusCode, headers: answer.headers, body: parsed };
  }

  /** What the data plane would find: a reason, or the token's id. */
  verify(token: unknown, username?: string, now = Date.now()): string {
    const found = this.app.get(TokenVerifier).verify(String(token), username, this.changeFeed.current, now);
    return 'refused' in found ? found.refused : found.id;
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.dataSource.destroy();
  }
}

/** A fresh database and its first node. */
export async function startWorld(): Promise<{
  surroundings: Surroundings;
  node: TokenNode;
  url: string;
  stop: () => Promise<void>;
}> {
  const database = await createTestDatabase();
  const surroundings = usualSurroundings();
  const node = await TokenNode.start(database.url, surroundings);
  const stop = async (): Promise<void> => {
    await node.stop();
    await database.drop();
  };
  return { surroundings, node, url: database.url, stop };
}

function usualSurroundings(): Surroundings {
  const off = { enabled: false, groups: [], groupKeys: new Set<string>() };
  return {
    applications: [{ key: 'jira', enabled: true, directory: { kind: 'application' } }],
    users: {
      Alice: { active: true, groups: ['staff'] },
      bob: { active: true, groups: [] },
      gone: { active: false, groups: [] },
    },
    directoryAway: false,
    restrictions: { apiAccess: off, readOnly: off, tokenCreation: off, mode: 'enforce' },
  };
}

function applicationsOf({ applications }: Surroundings): typeof APPLICATIONS.initial {
  const byKey = new Map(applications.map((application) => [application.key, application as Application]));
  return { byKey, byHostname: new Map(), byPrefix: [] };
}

function find(surroundings: Surroundings, value: string): DirectoryUser | undefined {
  if (surroundings.directoryAway) throw new DirectoryUnavailableError('away');
  const entry = Object.entries(surroundings.users).find(
    ([name]) => name.toLowerCase() === value.toLowerCase(),
  );
  if (!entry) return undefined;
  const [username, { active, groups }] = entry;
  return { username, active, groups, groupKeys: new Set(groups.map((group) => group.toLowerCase())) };
}

async function createApp(
  dataSource: DataSource,
  surroundings: Surroundings,
  events: AuditEvent[],
): Promise<NestFastifyApplication> {
  @Global()
  @Module({})
  class Surrounding {}
  const log = pino({ level: 'silent' });
  const ports = [
    { provide: DataSource, useValue: dataSource },
    { provide: LOGGER, useValue: log },
    ChangeFeedService,
    { provide: CHANGE_FEED, useExisting: ChangeFeedService },
    { provide: SETTINGS_STORE, useClass: SettingsStore },
    { provide: AUDIT, useValue: { record: (event: AuditEvent) => events.push(event) } },
    {
      provide: DIRECTORY,
      useValue: { find: (_: unknown, query: { value: string }) => find(surroundings, query.value) },
    },
    { provide: APP_GUARD, useValue: { canActivate: readActor } },
  ];
  const exported = ports
    .map((port) => ('provide' in port ? port.provide : port))
    .filter((port) => port !== APP_GUARD);
  const module = await Test.createTestingModule({
    imports: [{ module: Surrounding, providers: ports, exports: exported }],
    controllers: [TokensController, TokenSettingsController, MyTokensController, GlobalSettingsController],
    providers: [
      GlobalSettingsService,
      TokenCreators,
      TokenJobs,
      TokenListService,
      TokenLoader,
      TokenOwnerService,
      TokenSettingsService,
      TokenUseRecorder,
      TokenVerifier,
      TokenViolationsService,
      TokensRepository,
      TokensService,
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
