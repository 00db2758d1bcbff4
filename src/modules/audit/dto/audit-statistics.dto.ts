import { ApiProperty } from '@nestjs/swagger';

/** How many events have a value; the most frequent first. */
export class AuditCountView {
  @ApiProperty({ type: String, nullable: true })
  value: string | null;
  count: number;
}

/** Counts and durations of one hour, or of the whole time. */
export class AuditFiguresView {
  total: number;
  @ApiProperty({ type: [AuditCountView] })
  decisions: AuditCountView[];
  @ApiProperty({ type: [AuditCountView] })
  reasons: AuditCountView[];
  @ApiProperty({ type: [AuditCountView] })
  users: AuditCountView[];
  @ApiProperty({ type: [AuditCountView] })
  applications: AuditCountView[];
  /**
   * Half of the requests took no longer than this, in milliseconds. Interpolated within buckets that are 10 % wide:
   * less than 10 % off. Exact where a filter by something else than time, decision, reason, application or user is given.
   */
  @ApiProperty({ type: Number, nullable: true })
  p50Ms: number | null;
  /** 95 of 100 requests took no longer than this, in milliseconds; as exact as `p50Ms`. */
  @ApiProperty({ type: Number, nullable: true })
  p95Ms: number | null;
}

export class AuditHourView extends AuditFiguresView {
  /** Begin of the hour, ISO 8601. */
  hour: string;
}

/** Figures of the requests in a time, in all and per hour. Hours without requests are left out. */
export class AuditStatisticsView extends AuditFiguresView {
  from: string;
  to: string;
  @ApiProperty({ type: [AuditHourView] })
  hours: AuditHourView[];
}
