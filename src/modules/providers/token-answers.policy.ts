import { claimsOf } from './claims.policy.js';
import type { Claims } from './claims.policy.js';
import { isIssuerOf, refusalOfBinding, refusalOfTimes } from './jwt-claims.policy.js';
import type { ProviderAnswer } from './provider-http.service.js';
import type { Provider } from './provider-settings.port.js';
import type { TokenRefusal } from './providers.port.js';
import { refuse, shown } from './token-refusal.policy.js';

/** What an answer about a token comes to: claims, a refusal of the token, or no usable answer. */
export type TokenAnswer = Found | Unusable;

/** Claims, or why the token is refused. */
export type Found = { readonly claims: Claims } | TokenRefusal;

/** The provider's fault or our configuration's, never the token's. */
export interface Unusable {
  readonly unusable: string;
  readonly retryAfterSeconds?: number;
}

const ACCESS_TOKEN_TYPES = [
  'bearer',
  'access_token',
  'urn:ietf:params:oauth:token-type:access_token',
  'at+jwt',
  'dpop',
  'n_a',
];
const TOKEN_FAULTS = ['unsupported_token_type', 'invalid_token'];

/**
 * Reads an introspection answer (RFC 7662). Only 200 with a boolean `active` counts; a refusal of our own
 * credentials is a fault of the configuration, not of the token.
 */
export function introspectionOf(answer: ProviderAnswer, hint: string | undefined): TokenAnswer {
  const claims = claimsOf(answer.json);
  if (answer.status === 200) {
    if (typeof claims?.['active'] !== 'boolean')
      return {
        unusable: 'The introspection endpoint did not say whether the token is active: check the endpoint.',
      };
    if (claims['active']) return { claims };
    return refuse(
      'oauth_token_rejected',
      `The provider says that the token is not active.${hint === undefined ? '' : ` ${hint}`}`,
    );
  }
  const error = claims?.['error'];
  if (answer.status === 400 && typeof error === 'string' && TOKEN_FAULTS.includes(error)) {
    return refuse('oauth_token_rejected', `The provider does not introspect this kind of token (${error}).`);
  }
  const who = answer.status === 401 || answer.status === 403 ? 'refuses the client id and secret' : 'failed';
  return unusable(`The introspection endpoint ${who} (status ${answer.status}).`, answer);
}

/** What introspection said, checked again here: expiry, issuer, type, binding (RFC 7662 section 4). */
export function refusalOfIntrospection(
  claims: Claims,
  provider: Provider,
  nowSeconds: number,
): TokenRefusal | undefined {
  const type = claims['token_type'];
  if (typeof type === 'string' && !ACCESS_TOKEN_TYPES.includes(type.toLowerCase())) {
    return refuse(
      'token_type_rejected',
      `The provider says the token is a ${shown(type)}, not an access token.`,
    );
  }
  const issuer = claims['iss'];
  if (
    issuer !== undefined &&
    provider.issuers.length > 0 &&
    !(typeof issuer === 'string' && isIssuerOf(provider, issuer, claims))
  ) {
    return refuse('oauth_token_rejected', 'The token comes from another issuer than the configured one.');
  }
  return refusalOfTimes(claims, provider, nowSeconds, false) ?? refusalOfBinding(claims);
}

/** Reads a user info answer. Some providers refuse with status 200 and `ok: false` or `error`. */
export function userinfoOf(answer: ProviderAnswer): TokenAnswer {
  const claims = claimsOf(answer.json);
  if (answer.status === 200) {
    if (!claims)
      return { unusable: 'The user info endpoint did not answer with a JSON object: check the endpoint.' };
    if (claims['ok'] === false || (claims['error'] !== undefined && claims['error'] !== null)) {
      return refuse('oauth_token_rejected', 'The user info endpoint refuses the token.');
    }
    return { claims };
  }
  const throttled = answer.status === 403 && answer.retryAfterSeconds !== undefined;
  if (
    answer.status >= 400 &&
    answer.status < 500 &&
    answer.status !== 429 &&
    answer.status !== 408 &&
    !throttled
  ) {
    return refuse(
      'oauth_token_rejected',
      `The user info endpoint refuses the token (status ${answer.status}).`,
    );
  }
  return unusable(`The user info endpoint failed (status ${answer.status}).`, answer);
}

export function unusable(text: string, answer: ProviderAnswer): Unusable {
  return answer.retryAfterSeconds === undefined
    ? { unusable: text }
    : { unusable: text, retryAfterSeconds: answer.retryAfterSeconds };
}
