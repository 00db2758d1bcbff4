import { isIP } from 'node:net';
import { validateCronExpression } from 'cron';
import { invalidField } from '../../platform/http/problem.js';
import type { AuditSettings, SyslogSink, WebhookSink } from './audit-settings.port.js';
import type { PruneRunView, AuditSettingsView } from './dto/audit-settings-view.dto.js';
import type { UpdateAuditSettings, UpdateSyslogSink, UpdateWebhookSink } from './dto/audit-settings.dto.js';
import { isForbiddenSinkAddress } from './sink-address.policy.js';
import { DEFAULT_FACILITY, facilityCode, facilityName } from './syslog-facility.policy.js';

/** The settings after an update: what is absent stays. `seal` encrypts a new webhook secret. Throws 400. */
export function updatedSettings(
  stored: AuditSettings,
  update: UpdateAuditSettings,
  seal: (secret: string) => string,
): AuditSettings {
  const { retention = {}, sinks = {}, spill = {} } = update;
  return {
    enabled: update.enabled ?? stored.enabled,
    retention: {
      days: retention.days === undefined ? stored.retention.days : retention.days,
      entries: retention.entries === undefined ? stored.retention.entries : retention.entries,
    },
    schedule: checkedSchedule(update.schedule ?? stored.schedule),
    sinks: {
      stdout: sinks.stdout ?? stored.sinks.stdout,
      webhook:
        sinks.webhook === undefined
          ? stored.sinks.webhook
          : webhookOf(sinks.webhook, stored.sinks.webhook, seal),
      syslog: sinks.syslog === undefined ? stored.sinks.syslog : syslogOf(sinks.syslog),
    },
    spill: {
      maxMegabytes: spill.maxMegabytes ?? stored.spill.maxMegabytes,
      whenFull: spill.whenFull ?? stored.spill.whenFull,
    },
  };
}

/** What the API shows: the settings without secrets. */
export function settingsView(settings: AuditSettings, lastRun: PruneRunView | null): AuditSettingsView {
  const { webhook, syslog, stdout } = settings.sinks;
  return {
    enabled: settings.enabled,
    retention: { ...settings.retention },
    schedule: settings.schedule,
    sinks: {
      stdout,
      webhook: webhook && { url: webhook.url, secretSet: webhook.sealedSecret !== undefined },
      syslog: syslog && { ...syslog, facility: facilityName(syslog.facility) },
    },
    spill: { ...settings.spill },
    lastRun,
  };
}

/** What an audited change shows: as the API, and that the secret became another. */
export function auditedSettings(settings: AuditSettings, secretChanged: boolean): object {
  const { enabled, retention, schedule, sinks, spill } = settingsView(settings, null);
  const shown = { enabled, retention, schedule, sinks, spill };
  return secretChanged ? { ...shown, webhookSecret: 'changed' } : shown;
}

function checkedSchedule(schedule: string): string {
  const fields = schedule.trim().split(/\s+/).length;
  const preset = /^@(?:yearly|monthly|weekly|daily|hourly|minutely)$/.test(schedule.trim());
  if (!preset && fields !== 5 && fields !== 6) throw invalidField('schedule', 'must have five or six fields');
  if (!validateCronExpression(schedule).valid) throw invalidField('schedule', 'is not a cron expression');
  return schedule.trim();
}

function webhookOf(
  update: UpdateWebhookSink | null,
  stored: WebhookSink | null,
  seal: (secret: string) => string,
): WebhookSink | null {
  if (update === null) return null;
  const url = checkedUrl(update.url);
  const sealedSecret =
    update.secret === undefined ? stored?.sealedSecret : update.secret && seal(update.secret);
  return sealedSecret ? { url, sealedSecret } : { url };
}

function checkedUrl(text: string): string {
  const field = 'sinks.webhook.url';
  if (!URL.canParse(text)) throw invalidField(field, 'must be a URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw invalidField(field, 'must be http or https');
  if (url.username !== '' || url.password !== '')
    throw invalidField(field, 'must hold no user name and password');
  if (url.hash !== '') throw invalidField(field, 'must hold no fragment');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && isForbiddenSinkAddress(host))
    throw invalidField(field, 'names an address that is not allowed');
  return url.href;
}

function syslogOf(update: UpdateSyslogSink | null): SyslogSink | null {
  if (update === null) return null;
  const { host, port, protocol } = update;
  if (isIP(host) !== 0 && isForbiddenSinkAddress(host)) {
    throw invalidField('sinks.syslog.host', 'is an address that is not allowed');
  }
  const facility = update.facility === undefined ? DEFAULT_FACILITY : facilityCode(update.facility);
  if (facility === undefined) throw invalidField('sinks.syslog.facility', 'is no facility of RFC 5424');
  return { host, port, protocol, facility };
}
