import { Injectable } from '@nestjs/common';
import { ConfigurationPart } from '../configuration/configuration.port.js';
import type { ConfigurationContributor, ConfigurationSection } from '../configuration/configuration.port.js';
import { settingsSection } from '../configuration/settings-section.port.js';
import { UpdateGlobalSettings } from './dto/global-settings.dto.js';
import { DEFAULT_GLOBAL_SETTINGS, GLOBAL_SETTINGS } from './global-settings.port.js';
import { GlobalSettingsService } from './global-settings.service.js';

/** `globalSettings` of the configuration document. What it leaves out takes its default. */
@Injectable()
@ConfigurationPart({ globalSettings: UpdateGlobalSettings })
export class GlobalSettingsConfiguration implements ConfigurationContributor {
  readonly sections: readonly ConfigurationSection[];

  constructor(service: GlobalSettingsService) {
    this.sections = [
      settingsSection({
        name: 'globalSettings',
        settingKey: GLOBAL_SETTINGS.topic,
        input: UpdateGlobalSettings,
        defaults: DEFAULT_GLOBAL_SETTINGS,
        read: async () => (await service.read()).value,
        save: (settings, { actor, confirmed }) =>
          service.update({ ...DEFAULT_GLOBAL_SETTINGS, ...given(settings) }, undefined, confirmed, actor),
      }),
    ];
  }
}

function given(settings: UpdateGlobalSettings): object {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
