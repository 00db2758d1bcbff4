import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  Allow,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';

const LONGEST_FACILITY = 20;
const given = (_object: unknown, value: unknown): boolean => value !== null && value !== undefined;

/** How long events are kept: whichever of the two deletes more. Null: without limit. */
export class UpdateRetention {
  /** Days. */
  @ApiProperty({ type: Number, nullable: true, required: false })
  @ValidateIf(given)
  @IsInt()
  @Min(1)
  @Max(36_500)
  days?: number | null;

  /** Number of events. */
  @ApiProperty({ type: Number, nullable: true, required: false })
  @ValidateIf(given)
  @IsInt()
  @Min(1)
  @Max(10_000_000_000)
  entries?: number | null;
}

/** Events are sent to this URL in batches. */
export class UpdateWebhookSink {
  /** An http or https URL. */
  @IsString()
  @MaxLength(2000)
  url: string;

  /** Signs the bodies (`X-Restgate-Signature`). Absent: stays as it is; null: removed. Never shown again. */
  @ApiProperty({ type: String, nullable: true, required: false })
  @ValidateIf(given)
  @IsString()
  @MinLength(8)
  @MaxLength(1000)
  secret?: string | null;

  /** Only shown; what is sent here is ignored. */
  @IsOptional()
  @IsBoolean()
  secretSet?: boolean;
}

/** Events are sent to this syslog server (RFC 5424). */
export class UpdateSyslogSink {
  /** Name or address of the server. */
  @IsString()
  @MaxLength(255)
  @Matches(/^[0-9A-Za-z.:-]+$/, { message: 'must be a host name or an IP address' })
  host: string;

  /** Port, for example 601 (tcp), 6514 (tls), 514 (udp). */
  @IsInt()
  @Min(1)
  @Max(65_535)
  port: number;

  /** Transport. */
  @IsIn(['tcp', 'tls', 'udp'])
  protocol: 'tcp' | 'tls' | 'udp';

  /** Facility: a number from 0 to 23, or a name such as `local0` or `authpriv`. */
  @ApiProperty({
    oneOf: [
      { type: 'integer', minimum: 0, maximum: 23 },
      { type: 'string', maxLength: LONGEST_FACILITY },
    ],
    required: false,
    default: 'local0',
  })
  @IsOptional()
  @Allow()
  facility?: number | string;
}

/** Where events go besides the database. Null: nowhere. */
export class UpdateSinks {
  /** One JSON line per event on stdout. */
  @IsOptional()
  @IsBoolean()
  stdout?: boolean;

  @ApiProperty({ type: UpdateWebhookSink, nullable: true, required: false })
  @ValidateIf(given)
  @IsObject()
  @ValidateNested()
  @Type(() => UpdateWebhookSink)
  webhook?: UpdateWebhookSink | null;

  @ApiProperty({ type: UpdateSyslogSink, nullable: true, required: false })
  @ValidateIf(given)
  @IsObject()
  @ValidateNested()
  @Type(() => UpdateSyslogSink)
  syslog?: UpdateSyslogSink | null;
}

/** Events that wait for the database on disk. */
export class UpdateSpill {
  /** Most disk space they may take. */
  @IsOptional()
  @IsInt()
  @Min(16)
  @Max(1_048_576)
  maxMegabytes?: number;

  /** What happens when it is used up: the oldest events go, or requests are refused. */
  @IsOptional()
  @IsIn(['drop-oldest', 'refuse'])
  whenFull?: 'drop-oldest' | 'refuse';
}

/** What is absent stays as it is. */
export class UpdateAuditSettings {
  /** Off: requests are not recorded. Changes by admins always are. */
  @IsOptional()
  @IsBoolean()
  enabled?: boolean;

  @ApiProperty({ type: UpdateRetention, required: false })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => UpdateRetention)
  retention?: UpdateRetention;

  /** Cron expression (UTC) of the deletion, five fields, or six with seconds first. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  schedule?: string;

  @ApiProperty({ type: UpdateSinks, required: false })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => UpdateSinks)
  sinks?: UpdateSinks;

  @ApiProperty({ type: UpdateSpill, required: false })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => UpdateSpill)
  spill?: UpdateSpill;

  /** Only shown; what is sent here is ignored. */
  @ApiProperty({ required: false, nullable: true, type: Object })
  @Allow()
  lastRun?: unknown;
}
