import { Transform } from 'class-transformer';
import { IsIn, IsISO8601, IsOptional, IsString, IsUUID, Matches, MaxLength } from 'class-validator';
import { IntersectionType } from '@nestjs/swagger';
import { PageQuery } from '../../../platform/http/page.js';

export const AUDIT_DECISIONS = [
  'forwarded',
  'denied',
  'bypassed',
  'anonymous',
  'passed-through',
  'session',
] as const;

/** Which events: every given filter must match. */
export class AuditFilterQuery {
  /** Events at or after this time (ISO 8601; without an offset: UTC). */
  @IsOptional()
  @IsISO8601({ strict: true })
  @MaxLength(40)
  from?: string;

  /** Events before this time. */
  @IsOptional()
  @IsISO8601({ strict: true })
  @MaxLength(40)
  to?: string;

  /** User name, in any case. */
  @IsOptional()
  @IsString()
  @MaxLength(255)
  user?: string;

  /** Key of an application. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  application?: string;

  /** How the request went on. */
  @IsOptional()
  @IsIn(AUDIT_DECISIONS)
  decision?: (typeof AUDIT_DECISIONS)[number];

  /** Code of the reason of a denial. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  reason?: string;

  /** Kind of credential (`api-token`, `oauth`, `pat`, `basic`, `oauth1`, `session`, `none`), or the id of one. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  credential?: string;

  /** Status of the answer, for example `403`, or a class of them: `4xx`. */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'number' ? String(value) : value))
  @Matches(/^[1-5](?:\d\d|xx)$/i)
  status?: string;

  /** Address of the client, or a range such as `10.0.0.0/8`. */
  @IsOptional()
  @IsString()
  @MaxLength(60)
  ip?: string;

  /** Text that the path holds, in any case; `*` stands for anything. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  path?: string;

  /** HTTP method. */
  @IsOptional()
  @IsString()
  @MaxLength(50)
  method?: string;

  /** Requests, or changes that admins made. */
  @IsOptional()
  @IsIn(['request', 'admin'])
  category?: 'request' | 'admin';

  /** Id of a request, as in `X-Request-Id`. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  requestId?: string;
}

/** A page of the events that match. */
export class AuditEventsQuery extends IntersectionType(AuditFilterQuery, PageQuery) {}

export class AuditExportQuery extends AuditFilterQuery {
  /** Format of the file. */
  @IsOptional()
  @IsIn(['csv', 'ndjson'])
  format?: 'csv' | 'ndjson';
}

export class AuditEventParameters {
  /** Id of an event. */
  @IsUUID()
  id: string;
}
