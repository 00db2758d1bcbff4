import type { ReasonCode } from '../../lib/reasons.js';
import type { Snapshot } from '../../platform/change-feed/snapshot.js';
import type { CredentialReference, TokenLimits } from '../decisions/exchange.port.js';

/** A token that Restgate issued, as the hot path sees it. Shared and immutable. */
export interface KnownApiToken {
  readonly id: string;
  readonly username: string;
  readonly limits: TokenLimits;
  /** Epoch milliseconds; undefined: never. */
  readonly expiresAt: number | undefined;
  readonly reference: CredentialReference;
  /** True for the secret before the last rotation, which works until its overlap ends. */
  readonly replaced?: boolean;
}

export interface ApiTokenRefusal {
  readonly refused: Extract<
    ReasonCode,
    'token_malformed' | 'token_unknown' | 'token_expired' | 'token_revoked' | 'token_owner_mismatch'
  >;
  /** Set where the token is known, so that the audit log can name it. */
  readonly reference?: CredentialReference;
}

export const API_TOKENS = Symbol('API_TOKENS');

/** Every value that starts with this is an API token of Restgate, good or bad, and is never sent upstream. */
export const API_TOKEN_PREFIX = 'rgt_';

/**
 * Looks an API token up in the snapshot: memory only, always synchronous. The checksum is verified before any
 * look-up; the look-up is by SHA-256 of the token. `username` is the Basic user name, compared without case.
 */
export interface ApiTokenPort {
  verify(
    token: string,
    username: string | undefined,
    snapshot: Snapshot,
    now: number,
  ): KnownApiToken | ApiTokenRefusal;
  /** Notes the use; written in batches later. `replaced` as the token that was used said it. */
  noteUse(tokenId: string, clientIp: string, now: number, replaced?: boolean): void;
}

export function isTokenRefusal(result: KnownApiToken | ApiTokenRefusal): result is ApiTokenRefusal {
  return 'refused' in result;
}
