import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { LIMITED_KINDS } from '../rate-limit-settings.policy.js';
import type { CredentialKind } from '../../decisions/exchange.port.js';

export const MOST_USAGE_ITEMS = 500;

export class RateLimitUsageQuery {
  /** How many callers at most. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MOST_USAGE_ITEMS)
  limit?: number;
}

/** How one caller stands to its limit. */
export class RateLimitUsageView {
  /** Kind of credential. */
  @ApiProperty({ enum: LIMITED_KINDS })
  kind: CredentialKind;

  /** The API token; null for other kinds, which are counted by user and kind, or by address. */
  @ApiProperty({ type: String, nullable: true })
  tokenId: string | null;

  /** Name of the API token. */
  @ApiProperty({ type: String, nullable: true })
  name: string | null;

  /** The user; null for callers without a credential. */
  @ApiProperty({ type: String, nullable: true })
  user: string | null;

  /** What callers without a credential are counted by: an IPv4 address or the /64 of an IPv6 address. */
  @ApiProperty({ type: String, nullable: true })
  address: string | null;

  /** Which limit holds. */
  @ApiProperty({ enum: ['default', 'group', 'token'] })
  rule: 'default' | 'group' | 'token';

  /** Requests allowed in the window; while Redis is away, this node's share. */
  limit: number;

  /** Length of the window. */
  windowSeconds: number;

  /** Requests that count now. */
  used: number;

  /** Requests left now. */
  remaining: number;

  /** `near` from 80 % of the limit, `over` when the next request would be refused. */
  @ApiProperty({ enum: ['ok', 'near', 'over'] })
  status: 'ok' | 'near' | 'over';

  /** Requests refused in the last 24 hours on this node. */
  overCount: number;

  /** When it was last near or over its limit on this node. */
  lastNearAt: string;

  /** When a request was last refused on this node. */
  @ApiProperty({ type: String, nullable: true })
  lastOverAt: string | null;
}

/** Callers near or over their limits. */
export class RateLimitUsageList {
  items: RateLimitUsageView[];

  /** Always null: the list is cut at `limit`. */
  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
