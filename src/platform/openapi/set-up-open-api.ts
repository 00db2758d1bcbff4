import type { INestApplication } from '@nestjs/common';
import { ApiDocument } from './api-document.js';
import { buildOpenApiDocument, openApiText } from './open-api-document.js';

/** Serves the application's own OpenAPI document at /restgate/docs. Called once, after the app was created. */
export function setUpOpenApi(app: INestApplication, config: { readonly version: string }): void {
  app.get(ApiDocument).use(() => openApiText(buildOpenApiDocument(app, config.version)));
}
