import { Module } from '@nestjs/common';
import { BypassGuard } from './bypass.guard.js';
import { PublicApiController } from './public-api.controller.js';
import { PublicApiGuard } from './public-api.guard.js';
import { PublicApiService } from './public-api.service.js';
import { PublicApiConfiguration } from './public-api-configuration.service.js';

@Module({
  controllers: [PublicApiController],
  providers: [PublicApiConfiguration, BypassGuard, PublicApiGuard, PublicApiService],
  exports: [BypassGuard, PublicApiGuard],
})
export class PublicApiModule {}
