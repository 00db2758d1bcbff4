import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ConfigurationFile } from './configuration-file.service.js';
import { ConfigurationSections } from './configuration-sections.service.js';
import { ConfigurationController } from './configuration.controller.js';
import { ConfigurationService } from './configuration.service.js';
import { SettingVersionsController } from './setting-versions.controller.js';
import { SettingVersionsRepository } from './setting-versions.repository.js';
import { SettingVersions } from './setting-versions.service.js';

/** Configuration as code: the whole configuration as one document. */
@Module({
  imports: [DiscoveryModule],
  controllers: [ConfigurationController, SettingVersionsController],
  providers: [
    ConfigurationSections,
    ConfigurationService,
    ConfigurationFile,
    SettingVersionsRepository,
    SettingVersions,
  ],
  exports: [ConfigurationFile],
})
export class ConfigurationModule {}
