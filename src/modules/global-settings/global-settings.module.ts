import { Module } from '@nestjs/common';
import { GlobalSettingsController } from './global-settings.controller.js';
import { GlobalSettingsService } from './global-settings.service.js';
import { MasterSwitchGuard } from './master-switch.guard.js';
import { GlobalSettingsConfiguration } from './global-settings-configuration.service.js';

@Module({
  controllers: [GlobalSettingsController],
  providers: [GlobalSettingsConfiguration, GlobalSettingsService, MasterSwitchGuard],
  exports: [MasterSwitchGuard],
})
export class GlobalSettingsModule {}
