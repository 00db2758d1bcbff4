import { Module } from '@nestjs/common';
import { ApiDocument } from './api-document.js';

/** The OpenAPI document of the running application. */
@Module({ providers: [ApiDocument], exports: [ApiDocument] })
export class OpenApiModule {}
