import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ConfigurationFile } from './configuration-file.service.js';
import { ConfigurationSections } from './configuration-sections.service.js';
import { ConfigurationController } from './configuration.controller.js';
import { ConfigurationService } from './configuration.service.js';

/** Configuration as code: the whole configuration as one document. */
@Module({
  imports: [DiscoveryModule],
  controllers: [ConfigurationController],
  providers: [ConfigurationSections, ConfigurationService, ConfigurationFile],
  exports: [ConfigurationFile],
})
export class ConfigurationModule {}
