import type { INestApplication } from '@nestjs/common';
import { ApiDocument } from './api-document.js';
import { apiTexts, buildOpenApiDocument } from './open-api-document.js';

/** Serves the application's own OpenAPI document at /restgate/docs. Called once, after the app was created. */
export function setUpOpenApi(app: INestApplication, config: { readonly version: string }): void {
  app.get(ApiDocument).use(() => apiTexts(buildOpenApiDocument(app, config.version)));
}
