import { Injectable } from '@nestjs/common';
import { ConfigurationPart } from '../configuration/configuration.port.js';
import type { ConfigurationContributor, ConfigurationSection } from '../configuration/configuration.port.js';
import { settingsSection } from '../configuration/settings-section.port.js';
import { PublicApiDto } from './dto/public-api.dto.js';
import { PUBLIC_API_KEY } from './public-api-settings.policy.js';
import { PublicApiService } from './public-api.service.js';

/** The lists of public APIs as `publicApi` of the configuration document. */
@Injectable()
@ConfigurationPart({ publicApi: PublicApiDto })
export class PublicApiConfiguration implements ConfigurationContributor {
  readonly sections: readonly ConfigurationSection[];

  constructor(service: PublicApiService) {
    this.sections = [
      settingsSection({
        name: 'publicApi',
        settingKey: PUBLIC_API_KEY,
        input: PublicApiDto,
        read: async () => (await service.read()).value,
        save: (settings, { actor }) => service.replace(settings, actor, undefined),
      }),
    ];
  }
}
