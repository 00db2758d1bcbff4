import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { SECRET_BOX } from '../../platform/crypto/secret-box.js';
import type { SecretBox } from '../../platform/crypto/secret-box.js';
import { SETTINGS_STORE } from '../../platform/settings/settings.port.js';
import type { SettingsStorePort, StoredSetting } from '../../platform/settings/settings.port.js';
import type { Actor } from '../access/access.port.js';
import { auditedSettings, updatedSettings } from './audit-settings.policy.js';
import {
  AUDIT_SETTINGS,
  AUDIT_SETTINGS_KEY,
  DEFAULT_AUDIT_SETTINGS,
  WEBHOOK_SECRET_PURPOSE,
} from './audit-settings.port.js';
import type { AuditSettings } from './audit-settings.port.js';
import type { UpdateAuditSettings } from './dto/audit-settings.dto.js';

/** Keeps the settings of the audit log. */
@Injectable()
export class AuditSettingsService {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(SETTINGS_STORE) private readonly store: SettingsStorePort,
    @Inject(SECRET_BOX) private readonly box: SecretBox,
  ) {
    changeFeed.register(AUDIT_SETTINGS, async () => (await this.read()).value);
  }

  read(): Promise<StoredSetting<AuditSettings>> {
    return this.store.read(AUDIT_SETTINGS_KEY, DEFAULT_AUDIT_SETTINGS);
  }

  /** In force on this node when it answers. Throws 400 for faulty values, 412 when somebody saved in between. */
  async update(
    update: UpdateAuditSettings,
    expectedVersion: number | undefined,
    actor: Actor,
  ): Promise<StoredSetting<AuditSettings>> {
    let before = DEFAULT_AUDIT_SETTINGS;
    return this.changeFeed.change(
      async (manager) => {
        before = (await this.read()).value;
        const value = updatedSettings(before, update, (secret) =>
          this.box.seal(secret, WEBHOOK_SECRET_PURPOSE),
        );
        return this.store.write(manager, AUDIT_SETTINGS_KEY, value, actor.username, expectedVersion);
      },
      ({ value }) => ({
        topic: AUDIT_SETTINGS.topic,
        by: actor.username,
        requestId: actor.requestId,
        clientIp: actor.clientIp,
        target: 'audit/settings',
        before: auditedSettings(before, false),
        after: auditedSettings(
          value,
          value.sinks.webhook?.sealedSecret !== before.sinks.webhook?.sealedSecret,
        ),
      }),
    );
  }
}
