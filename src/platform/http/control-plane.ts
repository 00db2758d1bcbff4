import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { LOGGER } from '../logging/logger.js';
import type { Logger } from '../logging/logger.js';
import { setUpOpenApi } from '../openapi/set-up-open-api.js';
import { configureBodyParsers } from './body-parsers.js';
import { ControlRoutes } from './control-routes.js';
import { ProblemFilter } from './problem-filter.js';
import { installControlHeaders } from './security-headers.js';
import { createValidationPipe } from './validation-pipe.js';

/**
 * Everything that the control plane needs of its surroundings. Called after the app was created (with
 * `bodyParser: false`) and before `app.init()`.
 */
export function configureControlPlane(
  app: NestFastifyApplication,
  config: { readonly version: string },
): void {
  configureControlHttp(app);
  setUpOpenApi(app, config);
}

/** Body parsers, security headers, validation and problem details. */
export function configureControlHttp(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  app.get(ControlRoutes).watch(fastify);
  installControlHeaders(fastify);
  configureBodyParsers(fastify);
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ProblemFilter(app.get<Logger>(LOGGER)));
}
