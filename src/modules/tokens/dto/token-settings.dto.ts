import { ApiProperty } from '@nestjs/swagger';
import { IsInt, Max, Min, ValidateIf } from 'class-validator';

const isGiven = (_object: unknown, value: unknown): boolean => value !== undefined;
const isValue = (_object: unknown, value: unknown): boolean => value !== undefined && value !== null;

/** The rules for new tokens. What is absent takes its default. */
export class SaveTokenSettings {
  /** Longest lifetime; null: tokens may live for ever. Tokens that exist keep their expiry. */
  @ApiProperty({ type: Number, nullable: true, required: false })
  @ValidateIf(isValue)
  @IsInt()
  @Min(1)
  @Max(36_500)
  maxLifetimeDays?: number | null;

  /** Lifetime of a token that is made without an expiry. */
  @ValidateIf(isGiven)
  @IsInt()
  @Min(1)
  @Max(36_500)
  defaultLifetimeDays?: number;

  /** How many active tokens a user may have. */
  @ValidateIf(isGiven)
  @IsInt()
  @Min(1)
  @Max(10_000)
  maxTokensPerUser?: number;

  /** Expired and revoked tokens are deleted after so many days; null: never. */
  @ApiProperty({ type: Number, nullable: true, required: false })
  @ValidateIf(isValue)
  @IsInt()
  @Min(0)
  @Max(36_500)
  deleteExpiredAfterDays?: number | null;
}

/** The rules for new tokens. */
export class TokenSettingsView {
  @ApiProperty({ type: Number, nullable: true })
  maxLifetimeDays: number | null;
  defaultLifetimeDays: number;
  maxTokensPerUser: number;
  @ApiProperty({ type: Number, nullable: true })
  deleteExpiredAfterDays: number | null;
}
