import { Injectable } from '@nestjs/common';
import { ConfigurationPart } from '../configuration/configuration.port.js';
import type { ConfigurationContributor, ConfigurationSection } from '../configuration/configuration.port.js';
import { settingsSection } from '../configuration/settings-section.port.js';
import { RateLimitDto } from './dto/rate-limit.dto.js';
import { RATE_LIMIT_KEY } from './rate-limit-settings.policy.js';
import { RateLimitSettingsService } from './rate-limit-settings.service.js';

/** The rate limits as `rateLimit` of the configuration document. */
@Injectable()
@ConfigurationPart({ rateLimit: RateLimitDto })
export class RateLimitConfiguration implements ConfigurationContributor {
  readonly sections: readonly ConfigurationSection[];

  constructor(service: RateLimitSettingsService) {
    this.sections = [
      settingsSection({
        name: 'rateLimit',
        settingKey: RATE_LIMIT_KEY,
        input: RateLimitDto,
        read: async () => (await service.read()).value,
        save: (settings, { actor }) => service.replace(settings, undefined, actor),
      }),
    ];
  }
}
