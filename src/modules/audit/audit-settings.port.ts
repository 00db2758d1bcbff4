import { SnapshotSlot } from '../../platform/change-feed/snapshot.js';

export interface WebhookSink {
  readonly url: string;
  /** Sealed by the secret box for `audit-webhook`; absent: bodies are not signed. */
  readonly sealedSecret?: string;
}

export interface SyslogSink {
  readonly host: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'tls' | 'udp';
  /** Facility code, 0 to 23 (RFC 5424 section 6.2.1). */
  readonly facility: number;
}

export interface AuditSettings {
  /** Off: requests are not recorded; admin changes always are. */
  readonly enabled: boolean;
  readonly retention: { readonly days: number | null; readonly entries: number | null };
  /** Cron expression of the clean-up, UTC. */
  readonly schedule: string;
  readonly sinks: {
    readonly stdout: boolean;
    readonly webhook: WebhookSink | null;
    readonly syslog: SyslogSink | null;
  };
  /** Events that wait for the database: how much disk they may take, and what happens then. */
  readonly spill: { readonly maxMegabytes: number; readonly whenFull: 'drop-oldest' | 'refuse' };
}

export const DEFAULT_AUDIT_SETTINGS: AuditSettings = {
  enabled: true,
  retention: { days: 90, entries: null },
  schedule: '0 * * * *',
  sinks: { stdout: false, webhook: null, syslog: null },
  spill: { maxMegabytes: 2048, whenFull: 'drop-oldest' },
};

/** What the secret box seals the webhook secret for. */
export const WEBHOOK_SECRET_PURPOSE = 'audit-webhook';

/** Key in the settings store, and topic of the snapshot slot. */
export const AUDIT_SETTINGS_KEY = 'audit-settings';

export const AUDIT_SETTINGS = new SnapshotSlot<AuditSettings>(AUDIT_SETTINGS_KEY, DEFAULT_AUDIT_SETTINGS);
