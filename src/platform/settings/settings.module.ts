import { Global, Module } from '@nestjs/common';
import { SETTINGS_STORE } from './settings.port.js';
import { SettingsStore } from './settings-store.service.js';

@Global()
@Module({
  providers: [{ provide: SETTINGS_STORE, useClass: SettingsStore }],
  exports: [SETTINGS_STORE],
})
export class SettingsModule {}
