import { Injectable } from '@nestjs/common';
import { ConfigurationPart } from '../configuration/configuration.port.js';
import type { ConfigurationContributor, ConfigurationSection } from '../configuration/configuration.port.js';
import { settingsSection } from '../configuration/settings-section.port.js';
import { auditedSettings } from './audit-settings.policy.js';
import { AUDIT_SETTINGS_KEY } from './audit-settings.port.js';
import type { AuditSettings } from './audit-settings.port.js';
import { AuditSettingsService } from './audit-settings.service.js';
import { UpdateAuditSettings } from './dto/audit-settings.dto.js';

/** `auditSettings` of the configuration document. What it leaves out stays. */
@Injectable()
@ConfigurationPart({ auditSettings: UpdateAuditSettings })
export class AuditSettingsConfiguration implements ConfigurationContributor {
  readonly sections: readonly ConfigurationSection[];

  constructor(service: AuditSettingsService) {
    this.sections = [
      settingsSection({
        name: 'auditSettings',
        settingKey: AUDIT_SETTINGS_KEY,
        shown: (stored) => auditedSettings(stored as AuditSettings, false),
        input: UpdateAuditSettings,
        read: async () => auditedSettings((await service.read()).value, false),
        save: (settings, { actor }) => service.update(settings, undefined, actor),
      }),
    ];
  }
}
