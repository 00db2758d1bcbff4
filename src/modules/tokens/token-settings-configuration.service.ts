import { Injectable } from '@nestjs/common';
import { ConfigurationPart } from '../configuration/configuration.port.js';
import type { ConfigurationContributor, ConfigurationSection } from '../configuration/configuration.port.js';
import { settingsSection } from '../configuration/settings-section.port.js';
import { SaveTokenSettings } from './dto/token-settings.dto.js';
import { DEFAULT_TOKEN_SETTINGS, TOKEN_SETTINGS_KEY } from './token-settings.port.js';
import { TokenSettingsService } from './token-settings.service.js';

/** `tokenSettings` of the configuration document. Tokens themselves are no configuration. */
@Injectable()
@ConfigurationPart({ tokenSettings: SaveTokenSettings })
export class TokenSettingsConfiguration implements ConfigurationContributor {
  readonly sections: readonly ConfigurationSection[];

  constructor(service: TokenSettingsService) {
    this.sections = [
      settingsSection({
        name: 'tokenSettings',
        settingKey: TOKEN_SETTINGS_KEY,
        input: SaveTokenSettings,
        defaults: DEFAULT_TOKEN_SETTINGS,
        read: async () => (await service.read()).value,
        save: (settings, { actor }) => service.save(settings, undefined, actor),
      }),
    ];
  }
}
