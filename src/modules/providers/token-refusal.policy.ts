import type { ReasonCode } from '../../lib/reasons.js';
import type { TokenRefusal } from './providers.port.js';

/** A refusal in words for admins; `detail` must hold neither the token nor a claim that is a secret. */
export function refuse(refused: ReasonCode, detail: string, retryAfterSeconds?: number): TokenRefusal {
  return retryAfterSeconds === undefined ? { refused, detail } : { refused, detail, retryAfterSeconds };
}

const UNAVAILABLE: ReasonCode = 'provider_unavailable';
const LEAST_TELLING: ReasonCode = 'oauth_token_rejected';

/**
 * The refusal to report when several providers refused: one that could not be asked first (it might have
 * accepted), then the first that says more than "not accepted".
 */
export function mostTelling(refusals: readonly TokenRefusal[]): TokenRefusal {
  return (
    refusals.find((refusal) => refusal.refused === UNAVAILABLE) ??
    refusals.find((refusal) => refusal.refused !== LEAST_TELLING) ??
    refusals[0] ??
    refuse(LEAST_TELLING, 'No enabled provider takes this kind of token.')
  );
}

/** Values from tokens are shown to admins shortened and without control characters. */
export function shown(value: string | undefined): string {
  if (value === undefined) return 'none';
  const clean = value.replace(/[\p{C}\p{Z}]/gu, ' ');
  return clean.length > 100 ? `"${clean.slice(0, 100)}..."` : `"${clean}"`;
}
