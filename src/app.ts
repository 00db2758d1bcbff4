import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AppModule } from './app.module.js';
import { Admission } from './gateway/admission.service.js';
import { GatewayController } from './gateway/gateway.controller.js';
import { createListener } from './gateway/listener.js';
import type { Handlers, Serving } from './gateway/listener.js';
import { UpgradeService } from './gateway/upgrade.service.js';
import { ApplicationBootstrap } from './modules/applications/application-bootstrap.service.js';
import { ConfigurationFile } from './modules/configuration/configuration-file.service.js';
import { ReadinessService } from './modules/health/readiness.service.js';
import { ChangeFeedService } from './platform/change-feed/change-feed.service.js';
import type { Config } from './platform/config/config.js';
import { configureControlPlane } from './platform/http/control-plane.js';
import { answerFrameworkError } from './platform/http/problem-filter.js';
import type { Logger } from './platform/logging/logger.js';
import { NestLogger } from './platform/logging/nest-logger.js';

const DRAIN_CHECK_MS = 100;
/**
 * Requests are still taken for so long after the signal: load balancers see that the node is not ready any more, and
 * clients are told that their kept-alive connection ends, instead of finding it closed under their next request.
 */
const MOST_NOTICE_MS = 1000;

/** One running product; its servers are made but do not listen yet. */
export interface Restgate {
  readonly app: NestFastifyApplication;
  readonly dataServer: Server;
  /** Undefined when the data plane's listener serves both planes. */
  readonly controlServer: Server | undefined;
  /** Readiness off, in-flight requests get `config.shutdownGraceSeconds`, everything queued is written. */
  close(): Promise<void>;
}

/** Builds the product and loads its settings. Throws when the database cannot be read. */
export async function createRestgate(config: Config, databaseUrl: string, logger: Logger): Promise<Restgate> {
  const handlers: Handlers = { serving: undefined, draining: false };
  const separate = config.controlPort !== undefined;
  const dataServer = createListener(separate ? 'data' : 'both', handlers);
  const controlServer = separate ? createListener('control', handlers) : undefined;
  let router: Serving['router'] | undefined;
  const adapter = new FastifyAdapter({
    logger: false,
    bodyLimit: 1024 * 1024,
    forceCloseConnections: false,
    frameworkErrors: answerFrameworkError,
    // The listener answers what is no HTTP; a second answer by Fastify would cut off the one that is under way.
    clientErrorHandler: () => undefined,
    serverFactory: (handler: (request: IncomingMessage, response: ServerResponse) => void) => {
      router = handler;
      return dataServer;
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(config, databaseUrl, logger),
    adapter,
    {
      bodyParser: false,
      logger: new NestLogger(logger),
      abortOnError: false,
    },
  );
  configureControlPlane(app, config);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  await app.get(ChangeFeedService).start();
  await app.get(ApplicationBootstrap).ensureBootstrapApplications();
  await app.get(ConfigurationFile).applyAtStart();
  if (!router) throw new Error('Fastify did not ask for its server.');
  handlers.serving = servingOf(app, router, logger);
  const close = async (): Promise<void> => {
    app.get(ReadinessService).shutDown();
    handlers.draining = true;
    const servers = controlServer ? [dataServer, controlServer] : [dataServer];
    if (await anyConnected(servers)) await sleep(Math.min(MOST_NOTICE_MS, config.shutdownGraceSeconds * 100));
    handlers.serving?.upgrades.endAll();
    await Promise.all(servers.map((server) => drain(server, config.shutdownGraceSeconds)));
    await app.close();
  };
  return { app, dataServer, controlServer, close };
}

function servingOf(app: NestFastifyApplication, router: Serving['router'], log: Logger): Serving {
  return {
    router,
    admission: app.get(Admission),
    gateway: app.get(GatewayController),
    upgrades: app.get(UpgradeService),
    log,
  };
}

async function anyConnected(servers: readonly Server[]): Promise<boolean> {
  const counts = await Promise.all(servers.map((server) => promisify(server.getConnections.bind(server))()));
  return counts.some((count) => count > 0);
}

/** Stops accepting, lets requests finish, and ends what is still open after the grace. */
async function drain(server: Server, graceSeconds: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const sweep = setInterval(() => server.closeIdleConnections(), DRAIN_CHECK_MS);
  const grace = setTimeout(() => server.closeAllConnections(), graceSeconds * 1000);
  server.closeIdleConnections();
  await closed;
  clearInterval(sweep);
  clearTimeout(grace);
}
