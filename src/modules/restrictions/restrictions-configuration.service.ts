import { Injectable } from '@nestjs/common';
import { ConfigurationPart } from '../configuration/configuration.port.js';
import type { ConfigurationContributor, ConfigurationSection } from '../configuration/configuration.port.js';
import { settingsSection } from '../configuration/settings-section.port.js';
import { GroupRestrictionsDto } from './dto/group-restrictions.dto.js';
import { IpRestrictionsDto } from './dto/ip-restrictions.dto.js';
import { ReadWriteDto } from './dto/read-write.dto.js';
import { GROUP_SETTINGS_KEY } from './group-settings.policy.js';
import { IP_SETTINGS_KEY } from './ip-settings.policy.js';
import { GroupRestrictionsService } from './group-restrictions.service.js';
import { IpRestrictionsService } from './ip-restrictions.service.js';
import { READ_WRITE_KEY } from './read-write-settings.policy.js';
import { ReadWriteService } from './read-write.service.js';

/** The restrictions as sections of the configuration document. */
@Injectable()
@ConfigurationPart({
  groupRestrictions: GroupRestrictionsDto,
  ipRestrictions: IpRestrictionsDto,
  readWrite: ReadWriteDto,
})
export class RestrictionsConfiguration implements ConfigurationContributor {
  readonly sections: readonly ConfigurationSection[];

  constructor(
    groups: GroupRestrictionsService,
    addresses: IpRestrictionsService,
    readWrite: ReadWriteService,
  ) {
    this.sections = [
      settingsSection({
        name: 'groupRestrictions',
        settingKey: GROUP_SETTINGS_KEY,
        input: GroupRestrictionsDto,
        read: async () => (await groups.read()).value,
        save: (settings, { actor }) => groups.save(settings, actor, undefined),
      }),
      settingsSection({
        name: 'ipRestrictions',
        settingKey: IP_SETTINGS_KEY,
        input: IpRestrictionsDto,
        read: async () => (await addresses.read()).value,
        save: (settings, { actor, confirmed }) => {
          const origin = { peerIp: actor.clientIp, rawHeaders: [] };
          return addresses.replace({ settings, origin, confirmed, expectedVersion: undefined }, actor);
        },
      }),
      settingsSection({
        name: 'readWrite',
        settingKey: READ_WRITE_KEY,
        input: ReadWriteDto,
        read: async () => (await readWrite.read()).value,
        save: (settings, { actor }) => readWrite.replace(settings, actor, undefined),
      }),
    ];
  }
}
