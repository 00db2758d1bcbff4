import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  IsUUID,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import type { CredentialKind } from '../../decisions/exchange.port.js';
import {
  DEFAULT_RATE_LIMIT,
  LIMITED_KINDS,
  LONGEST_WINDOW_SECONDS,
  MOST_OVERRIDES,
  MOST_REQUESTS,
  WINDOW_UNITS,
} from '../rate-limit-settings.policy.js';

const MOST_FAILURES = 1_000_000;
const LONGEST_GROUP = 255;
const isGiven = (_object: unknown, value: unknown): boolean => value !== undefined;

/** A time frame of at most 31 days. */
export class RateWindowDto {
  /** How many units. */
  @IsInt()
  @Min(1)
  @Max(LONGEST_WINDOW_SECONDS)
  value: number = DEFAULT_RATE_LIMIT.window.value;

  /** The unit. */
  @IsIn(WINDOW_UNITS)
  @ApiProperty({ enum: WINDOW_UNITS })
  unit: (typeof WINDOW_UNITS)[number] = DEFAULT_RATE_LIMIT.window.unit;
}

/** Another limit for the members of a group or for one API token: exactly one of the two is given. */
export class RateLimitOverrideDto {
  /** A group, compared without case. Of several groups the most generous limit holds. */
  @ValidateIf(isGiven)
  @IsString()
  @MinLength(1)
  @MaxLength(LONGEST_GROUP)
  group?: string;

  /** An API token; goes before the groups of its owner. */
  @ValidateIf(isGiven)
  @IsUUID()
  tokenId?: string;

  /** How many requests in the window. */
  @IsInt()
  @Min(1)
  @Max(MOST_REQUESTS)
  requests: number;

  /** The window. */
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => RateWindowDto)
  window: RateWindowDto;
}

/** Failed authentications from one address (IPv6: from one /64). Holds whether or not `enabled`. */
export class FailedAuthenticationsDto {
  /** How many failures a minute, until the address has to wait. */
  @IsInt()
  @Min(1)
  @Max(MOST_FAILURES)
  perMinute: number = DEFAULT_RATE_LIMIT.failedAuthentications.perMinute;
}

/** How often the REST APIs may be called. What is absent takes its default. */
export class RateLimitDto {
  /** Off: only failed authentications are limited. */
  @IsBoolean()
  enabled: boolean = DEFAULT_RATE_LIMIT.enabled;

  /**
   * How many requests in the window: for each API token, for each user and kind of other credentials, and for each
   * address (IPv6: each /64) of callers without one.
   */
  @IsInt()
  @Min(1)
  @Max(MOST_REQUESTS)
  requests: number = DEFAULT_RATE_LIMIT.requests;

  /** The window slides: the requests of exactly this long before each request count. */
  @IsObject()
  @ValidateNested()
  @Type(() => RateWindowDto)
  window: RateWindowDto = new RateWindowDto();

  /**
   * Which credentials are limited; `none` stands for calls that are let through without one. Browser sessions and
   * application links are the application's own to judge, so `session` and `oauth1` limit nothing.
   */
  @IsArray()
  @ArrayMaxSize(LIMITED_KINDS.length)
  @ArrayUnique()
  @IsIn(LIMITED_KINDS, { each: true })
  @ApiProperty({ enum: LIMITED_KINDS, isArray: true, maxItems: LIMITED_KINDS.length })
  credentials: CredentialKind[] = [...DEFAULT_RATE_LIMIT.credentials];

  /** Other limits for groups and tokens. */
  @ApiProperty({ maxItems: MOST_OVERRIDES })
  @IsArray()
  @ArrayMaxSize(MOST_OVERRIDES)
  @ValidateNested({ each: true })
  @Type(() => RateLimitOverrideDto)
  overrides: RateLimitOverrideDto[] = [];

  /** Failed authentications. */
  @IsObject()
  @ValidateNested()
  @Type(() => FailedAuthenticationsDto)
  failedAuthentications: FailedAuthenticationsDto = new FailedAuthenticationsDto();
}

/** The rate limits in force. */
export class RateLimitView extends RateLimitDto {}
