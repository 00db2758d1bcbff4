import type { ApiTokenEntity } from './api-token.entity.js';
import type { TokenStatus } from './dto/token-requests.dto.js';
import type { TokenView } from './dto/token-views.dto.js';

/** What may be shown of a token: nothing from which it could be used. */
export function viewOf(token: ApiTokenEntity, now: number): TokenView {
  return {
    id: token.id,
    name: token.name,
    username: token.username,
    prefix: token.prefix,
    scope: token.scope,
    applications: token.applications,
    paths: token.paths,
    allowedIps: token.allowedIps,
    createdAt: token.createdAt.toISOString(),
    createdBy: token.createdBy,
    expiresAt: textOf(token.expiresAt),
    lastUsedAt: textOf(token.lastUsedAt),
    lastUsedIp: token.lastUsedIp,
    status: statusOf(token, now),
    revokedAt: textOf(token.revokedAt),
    revokedBy: token.revokedBy,
    rotatedAt: textOf(token.rotatedAt),
    previousValidUntil: textOf(token.previousUntil),
    previousLastUsedAt: textOf(token.previousLastUsedAt),
  };
}

export function statusOf(token: Pick<ApiTokenEntity, 'revokedAt' | 'expiresAt'>, now: number): TokenStatus {
  if (token.revokedAt) return 'revoked';
  return token.expiresAt && token.expiresAt.getTime() <= now ? 'expired' : 'active';
}

function textOf(time: Date | null): string | null {
  return time ? time.toISOString() : null;
}
