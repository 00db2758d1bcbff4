import type { ExecutionContext, Provider, Type } from '@nestjs/common';
import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import type { Actor } from '../../src/modules/access/access.port.js';
import { CHANGE_FEED } from '../../src/platform/change-feed/change-feed.port.js';
import type { ChangeDescription } from '../../src/platform/change-feed/change-feed.port.js';
import { ChangeFeedService } from '../../src/platform/change-feed/change-feed.service.js';
import { CONFIG } from '../../src/platform/config/config.js';
import { postgresOptions } from '../../src/platform/database/data-source.js';
import { ProblemFilter } from '../../src/platform/http/problem-filter.js';
import { createValidationPipe } from '../../src/platform/http/validation-pipe.js';
import { LOGGER } from '../../src/platform/logging/logger.js';
import { SettingsStore } from '../../src/platform/settings/settings-store.service.js';
import { SETTINGS_STORE } from '../../src/platform/settings/settings.port.js';
import { createTestDatabase } from './database.js';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | number | undefined>;
  readonly body: Record<string, unknown>;
}

export interface CallOptions {
  readonly headers?: Record<string, string>;
  readonly remoteAddress?: string;
}

/** What a node consists of besides the platform. */
export interface Parts {
  readonly controllers: readonly Type[];
  readonly providers: readonly Provider[];
  /** Where logs go; nowhere when absent. */
  readonly log?: Logger;
}

const ACTOR: Actor = {
  username: 'root',
  level: 'admin',
  groups: [],
  credential: { kind: 'api-token' },
  bootstrap: true,
  clientIp: '192.0.2.1',
  requestId: 'r1',
};

/** Controllers and services of a feature over a real database, with whoever calls taken for an admin. */
export class SettingsNode {
  readonly changes: ChangeDescription[] = [];

  private constructor(
    readonly app: NestFastifyApplication,
    readonly dataSource: DataSource,
    readonly changeFeed: ChangeFeedService,
  ) {}

  static async start(url: string, parts: Parts): Promise<SettingsNode> {
    const dataSource = await new DataSource(postgresOptions({ url }, () => undefined)).initialize();
    const app = await createApp(dataSource, parts);
    const node = new SettingsNode(app, dataSource, app.get(ChangeFeedService));
    node.changeFeed.onChange((change) => Promise.resolve(void node.changes.push(change)));
    await node.changeFeed.start();
    return node;
  }

  async call(method: string, path: string, body?: object, options: CallOptions = {}): Promise<Answer> {
    const answer = await this.app.inject({
      method: method as 'GET',
      url: `/restgate/api/v1${path}`,
      headers: options.headers ?? {},
      ...(options.remoteAddress === undefined ? {} : { remoteAddress: options.remoteAddress }),
      ...(body && { payload: body }),
    });
    const parsed = (answer.payload === '' ? {} : JSON.parse(answer.payload)) as Record<string, unknown>;
    return { status: answer.statusCode, headers: answer.headers, body: parsed };
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.dataSource.destroy();
  }
}

/** A node on a fresh database, and how to end both. */
export async function startSettingsNode(
  parts: Parts,
): Promise<{ node: SettingsNode; url: string; stop: () => Promise<void> }> {
  const database = await createTestDatabase();
  const node = await SettingsNode.start(database.url, parts);
  const stop = async (): Promise<void> => {
    await node.stop();
    await database.drop();
  };
  return { node, url: database.url, stop };
}

async function createApp(dataSource: DataSource, parts: Parts): Promise<NestFastifyApplication> {
  @Global()
  @Module({})
  class Platform {}
  const log = parts.log ?? pino({ level: 'silent' });
  const platform = [
    { provide: DataSource, useValue: dataSource },
    { provide: LOGGER, useValue: log },
    { provide: CONFIG, useValue: { publicUrl: 'http://gw.test' } },
    ChangeFeedService,
    { provide: CHANGE_FEED, useExisting: ChangeFeedService },
    { provide: SETTINGS_STORE, useClass: SettingsStore },
    { provide: APP_GUARD, useValue: { canActivate: asAdmin } },
  ];
  const exports = platform
    .map((part) => ('provide' in part ? part.provide : part))
    .filter((part) => part !== APP_GUARD);
  const module = await Test.createTestingModule({
    imports: [{ module: Platform, providers: platform, exports }],
    controllers: [...parts.controllers],
    providers: [...parts.providers],
  }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ProblemFilter(log));
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

function asAdmin(context: ExecutionContext): boolean {
  context.switchToHttp().getRequest<{ actor?: Actor }>().actor = ACTOR;
  return true;
}
