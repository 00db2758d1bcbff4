import type { ReasonCode } from '../../lib/reasons.js';

/** What a provider proved about a token. Immutable; cached for at most 60 s and never past the token's `exp`. */
export interface VerifiedToken {
  readonly providerId: string;
  readonly providerName: string;
  /** A person: look `value` up in the directory; a machine: `value` is the mapped user name. */
  readonly subject: { readonly by: 'username' | 'email'; readonly value: string };
  /** From the provider's `groupsAttribute`; used when the application's directory is `claims`. */
  readonly groups: readonly string[];
  /** Epoch milliseconds. */
  readonly expiresAt: number | undefined;
  readonly clientId: string | undefined;
}

/** The token is not acceptable; the reason says why. `detail` is for admins and holds no token or claim secret. */
export interface TokenRefusal {
  readonly refused: ReasonCode;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
}

/** One step of a verification, in words for an admin. */
export interface TokenStep {
  readonly step: string;
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'info';
  readonly detail: string;
}

export interface TokenExplanation {
  readonly result: VerifiedToken | TokenRefusal;
  readonly steps: readonly TokenStep[];
}

/** One provider's condition, for readiness and the console. */
export interface ProviderStatus {
  readonly id: string;
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly warnings: readonly string[];
}

export const TOKEN_VERIFIER = Symbol('TOKEN_VERIFIER');

/**
 * Verifies access tokens of the configured providers. Synchronous from the cache; a provider that cannot be
 * asked is the refusal `provider_unavailable`, never an identity. A JWT with a known issuer goes to that
 * provider only; opaque tokens go to the opaque providers in their order. `fingerprint` is the
 * token's SHA-256 (base64url), from who has it already.
 */
export interface TokenVerifierPort {
  verify(
    token: string,
    fingerprint?: string,
  ): VerifiedToken | TokenRefusal | Promise<VerifiedToken | TokenRefusal>;
  /** The same verification without caches, telling each step. */
  explain(token: string): Promise<TokenExplanation>;
  /** How the enabled providers fared when they were last asked. Memory only. */
  status(): ProviderStatus[];
}

export function isRefusal(result: VerifiedToken | TokenRefusal): result is TokenRefusal {
  return 'refused' in result;
}
