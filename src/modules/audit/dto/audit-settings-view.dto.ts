import { ApiProperty } from '@nestjs/swagger';

/** How long events are kept: whichever of the two deletes more. */
export class RetentionView {
  @ApiProperty({ type: Number, nullable: true })
  days: number | null;
  @ApiProperty({ type: Number, nullable: true })
  entries: number | null;
}

/** The secret itself is never shown. */
export class WebhookSinkView {
  url: string;
  /** True when bodies are signed. */
  secretSet: boolean;
}

/** Syslog server. */
export class SyslogSinkView {
  host: string;
  port: number;
  /** `tcp`, `tls` or `udp`. */
  protocol: string;
  /** Name of the facility. */
  facility: string;
}

/** Where events go besides the database. */
export class SinksView {
  stdout: boolean;
  @ApiProperty({ type: WebhookSinkView, nullable: true })
  webhook: WebhookSinkView | null;
  @ApiProperty({ type: SyslogSinkView, nullable: true })
  syslog: SyslogSinkView | null;
}

/** Disk space of events that wait for the database. */
export class SpillView {
  maxMegabytes: number;
  /** `drop-oldest` or `refuse`. */
  whenFull: string;
}

/** One run of the deletion. */
export class PruneRunView {
  /** When it began, ISO 8601. */
  time: string;
  /** How many events it deleted. */
  deleted: number;
  /** How long it took. */
  durationMs: number;
  /** False when some are left for the next run. */
  complete: boolean;
  /** `schedule`, or the user who asked for it. */
  by: string;
}

/** The settings of the audit log. */
export class AuditSettingsView {
  enabled: boolean;
  retention: RetentionView;
  /** Cron expression (UTC) of the deletion. */
  schedule: string;
  sinks: SinksView;
  spill: SpillView;
  /** The last run of the deletion; null before the first. */
  @ApiProperty({ type: PruneRunView, nullable: true })
  lastRun: PruneRunView | null;
}
