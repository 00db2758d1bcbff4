import { ApiProperty } from '@nestjs/swagger';
import { TOKEN_SCOPES } from '../token-limits.policy.js';
import type { TokenScope } from '../token-limits.policy.js';
import { TOKEN_STATUSES } from './token-requests.dto.js';
import type { TokenStatus } from './token-requests.dto.js';

/** A token, without the token itself. */
export class TokenView {
  id: string;
  name: string;
  /** Its owner. */
  username: string;
  /** The first characters, to tell tokens apart. */
  prefix: string;
  @ApiProperty({ enum: TOKEN_SCOPES })
  scope: TokenScope;
  /** null: all applications. */
  @ApiProperty({ type: [String], nullable: true })
  applications: string[] | null;
  /** null: all paths. */
  @ApiProperty({ type: [String], nullable: true })
  paths: string[] | null;
  /** null: from everywhere. */
  @ApiProperty({ type: [String], nullable: true })
  allowedIps: string[] | null;
  createdAt: string;
  createdBy: string;
  /** null: never. */
  @ApiProperty({ type: String, nullable: true })
  expiresAt: string | null;
  @ApiProperty({ type: String, nullable: true })
  lastUsedAt: string | null;
  @ApiProperty({ type: String, nullable: true })
  lastUsedIp: string | null;
  @ApiProperty({ enum: TOKEN_STATUSES })
  status: TokenStatus;
  @ApiProperty({ type: String, nullable: true })
  revokedAt: string | null;
  @ApiProperty({ type: String, nullable: true })
  revokedBy: string | null;
  @ApiProperty({ type: String, nullable: true })
  rotatedAt: string | null;
  /** Until when the secret before the last rotation works. */
  @ApiProperty({ type: String, nullable: true })
  previousValidUntil: string | null;
  /** When the secret before the last rotation was last used: who still has to change over. */
  @ApiProperty({ type: String, nullable: true })
  previousLastUsedAt: string | null;
}

/** A new token or secret. */
export class CreatedTokenView extends TokenView {
  /** The token itself: shown now and never again. */
  token: string;
}

/** One page of tokens. */
export class TokenPage {
  @ApiProperty({ type: [TokenView] })
  items: TokenView[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}

export const TOKEN_VIOLATIONS = [
  'lifetime_over_maximum',
  'owner_unknown',
  'owner_inactive',
  'owner_not_in_group',
  'owner_not_admin',
] as const;
export type TokenViolation = (typeof TOKEN_VIOLATIONS)[number];

/** An active token that today's rules would not allow. */
export class TokenViolationView extends TokenView {
  @ApiProperty({ enum: TOKEN_VIOLATIONS, isArray: true })
  violations: TokenViolation[];
}

/** One page of tokens that break a rule. A page may be short or empty although more follow. */
export class TokenViolationPage {
  @ApiProperty({ type: [TokenViolationView] })
  items: TokenViolationView[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}

/** What was revoked. */
export class RevokedTokensView {
  /** How many tokens. */
  revoked: number;
}

/** How the caller is signed in. */
export class MyCredentialView {
  kind: string;
  @ApiProperty({ type: String, nullable: true })
  tokenId: string | null;
  @ApiProperty({ type: String, nullable: true })
  scope: string | null;
  @ApiProperty({ type: String, nullable: true })
  expiresAt: string | null;
}

/** Who the caller is. */
export class MeView {
  username: string;
  groups: string[];
  /** True: the caller may use the admin API. */
  admin: boolean;
  credential: MyCredentialView;
  /** True: the caller may create tokens for themselves, signed in as they are now. */
  mayCreateTokens: boolean;
}
