import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
} from 'class-validator';
import { PageQuery } from '../../../platform/http/page.js';
import { TOKEN_SCOPES } from '../token-limits.policy.js';
import type { TokenScope } from '../token-limits.policy.js';

export const LONGEST_USERNAME = 255;
const LONGEST_NAME = 100;
const LONGEST_LIFETIME_DAYS = 36_500;
const LONGEST_OVERLAP_SECONDS = 30 * 86_400;
/** Something to see, and nothing that hides or turns what is beside it: controls, lone surrogates, bidi marks. */
const PRINTABLE = /^(?=.*\S)[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]+$/u;

const trimmed = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' ? value.trim() : value;
const isGiven = (_object: unknown, value: unknown): boolean => value !== undefined;
const isValue = (_object: unknown, value: unknown): boolean => value !== undefined && value !== null;

/** When a token expires. Give one of them, or none for the default lifetime. */
export class LifetimeRequest {
  /** ISO 8601 time; null: never (refused when a maximum lifetime is set). */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, required: false })
  @ValidateIf(isValue)
  @IsISO8601({ strict: true })
  @MaxLength(40)
  expiresAt?: string | null;

  /** Days from now; null: never (refused when a maximum lifetime is set). */
  @ApiProperty({ type: Number, nullable: true, required: false })
  @ValidateIf(isValue)
  @IsInt()
  @Min(1)
  @Max(LONGEST_LIFETIME_DAYS)
  expiresInDays?: number | null;
}

/** A token for oneself. */
export class CreateOwnToken extends LifetimeRequest {
  /** What the token is for, in the owner's words. */
  @Transform(trimmed)
  @IsString()
  @MaxLength(LONGEST_NAME)
  @Matches(PRINTABLE, { message: 'name must hold printable text' })
  name: string;

  /** `read`: may only read; `write`: everything its owner may; `admin`: `write` and the admin API. */
  @ApiProperty({ enum: TOKEN_SCOPES })
  @IsIn(TOKEN_SCOPES)
  scope: TokenScope;

  /** Keys of the applications that it works for; absent: all. */
  @ApiProperty({ type: [String], nullable: true, required: false })
  @ValidateIf(isValue)
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @ArrayUnique()
  @IsString({ each: true })
  @MaxLength(63, { each: true })
  applications?: string[] | null;

  /** Ant-style patterns of the paths that it works for (below the context path); absent: all. */
  @ApiProperty({ type: [String], nullable: true, required: false })
  @ValidateIf(isValue)
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @IsString({ each: true })
  @MaxLength(500, { each: true })
  paths?: string[] | null;

  /** Addresses and CIDR ranges that it may be used from; absent: all. */
  @ApiProperty({ type: [String], nullable: true, required: false })
  @ValidateIf(isValue)
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  allowedIps?: string[] | null;
}

/** A token for any user. */
export class CreateToken extends CreateOwnToken {
  /** Its owner: calls are made as this user. */
  @Transform(trimmed)
  @IsString()
  @MaxLength(LONGEST_USERNAME)
  @Matches(PRINTABLE, { message: 'username must hold printable text' })
  username: string;
}

/** What can change of a token; null lifts a limit. The secret stays. */
export class UpdateToken extends LifetimeRequest {
  /** What the token is for. */
  @ValidateIf(isGiven)
  @Transform(trimmed)
  @IsString()
  @MaxLength(LONGEST_NAME)
  @Matches(PRINTABLE, { message: 'name must hold printable text' })
  name?: string;

  /** `read`, `write` or `admin`. */
  @ApiProperty({ enum: TOKEN_SCOPES, required: false })
  @ValidateIf(isGiven)
  @IsIn(TOKEN_SCOPES)
  scope?: TokenScope;

  /** Keys of applications; null: all. */
  @ApiProperty({ type: [String], nullable: true, required: false })
  @ValidateIf(isValue)
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @ArrayUnique()
  @IsString({ each: true })
  @MaxLength(63, { each: true })
  applications?: string[] | null;

  /** Ant-style patterns; null: all paths. */
  @ApiProperty({ type: [String], nullable: true, required: false })
  @ValidateIf(isValue)
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @IsString({ each: true })
  @MaxLength(500, { each: true })
  paths?: string[] | null;

  /** Addresses and CIDR ranges; null: all. */
  @ApiProperty({ type: [String], nullable: true, required: false })
  @ValidateIf(isValue)
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  allowedIps?: string[] | null;
}

/** A new secret for a token. Without an expiry it lives as long as the one before did. */
export class RotateToken extends LifetimeRequest {
  /** How long the old secret still works; absent or 0: it ends at once. At most 30 days. */
  @ValidateIf(isGiven)
  @IsInt()
  @Min(0)
  @Max(LONGEST_OVERLAP_SECONDS)
  overlapSeconds?: number;
}

export const TOKEN_STATUSES = ['active', 'expired', 'revoked'] as const;
export type TokenStatus = (typeof TOKEN_STATUSES)[number];

/** Filters of the token list; all given ones must hold. */
export class TokenQuery extends PageQuery {
  /** Of this user, whatever the case. */
  @IsOptional()
  @IsString()
  @MaxLength(LONGEST_USERNAME)
  username?: string;

  /** `active`, `expired` or `revoked`. */
  @ApiProperty({ enum: TOKEN_STATUSES, required: false })
  @IsOptional()
  @IsIn(TOKEN_STATUSES)
  status?: TokenStatus;

  /** Expires before this ISO 8601 time. */
  @IsOptional()
  @IsISO8601({ strict: true })
  @MaxLength(40)
  expiresBefore?: string;

  /** Not used since this ISO 8601 time; tokens that were never used count from their creation. */
  @IsOptional()
  @IsISO8601({ strict: true })
  @MaxLength(40)
  unusedSince?: string;

  /** Part of the name, the owner or the prefix. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  query?: string;
}

/** Whose tokens to revoke. */
export class RevokeTokensQuery {
  /** The user. */
  @Transform(trimmed)
  @IsString()
  @MaxLength(LONGEST_USERNAME)
  @Matches(PRINTABLE, { message: 'username must hold printable text' })
  username: string;
}

/** How many problem tokens to list, and from where on. */
export class ViolationQuery {
  /** How many tokens to look at. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;

  /** `nextCursor` of the page before. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  cursor?: string;
}
