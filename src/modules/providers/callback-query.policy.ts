import { isIssuerOf } from './jwt-claims.policy.js';
import type { Provider } from './provider-settings.port.js';

export const STATE_SHAPE = /^[A-Za-z0-9_-]{43}$/;
export const UNKNOWN_STATE = 'This sign-in is unknown, was used already, or took longer than ten minutes.';
const LONGEST_PARAMETER = 4096;

/** What a provider sends the browser back with, as it came. */
export interface CallbackQuery {
  readonly state?: unknown;
  readonly code?: unknown;
  readonly iss?: unknown;
  readonly error?: unknown;
  readonly error_description?: unknown;
}

/** Each parameter at most once (they arrive as lists otherwise), and a state of our shape. */
export function faultOfQuery(query: CallbackQuery): string | undefined {
  for (const name of ['state', 'code', 'iss', 'error', 'error_description'] as const) {
    const value = query[name];
    if (value === undefined) continue;
    if (typeof value !== 'string') return `The parameter ${name} came more than once.`;
    if (value.length > LONGEST_PARAMETER) return `The parameter ${name} is too long.`;
  }
  if (typeof query.state !== 'string' || !STATE_SHAPE.test(query.state)) return UNKNOWN_STATE;
  return undefined;
}

/** RFC 9207 section 2.4: an issuer that comes must be ours; it must come when the metadata promises it. */
export function faultOfIssuer(provider: Provider, issuer: string | undefined): string | undefined {
  if (issuer === undefined) {
    return provider.sendsIssuer === true
      ? 'The answer does not name its issuer, although the provider promises it.'
      : undefined;
  }
  const known =
    provider.issuer === undefined || provider.issuer === issuer || provider.issuer.includes('{tenantid}');
  return known || isIssuerOf(provider, issuer, {}) ? undefined : 'The answer comes from another issuer.';
}
