import { isIssuerOf } from './jwt-claims.policy.js';
import type { TokenForm } from './jwt-token.policy.js';
import type { Provider } from './provider-settings.port.js';

/**
 * The providers that may be asked about a token, in their order. A JWT that names the issuer of a provider goes to
 * that issuer's providers only. Everything else goes to the providers that take opaque tokens, except that a JWT of
 * another issuer is never shown to a provider whose issuer is known.
 */
export function candidatesFor(form: TokenForm, enabled: readonly Provider[]): readonly Provider[] {
  if (form.form === 'malformed') return [];
  const opaque = enabled.filter(
    (provider) => provider.validation === 'introspection' || provider.validation === 'userinfo',
  );
  if (form.form !== 'jwt') return opaque;
  const { claims } = form.jwt;
  const issuer = claims['iss'];
  if (typeof issuer !== 'string') return opaque;
  const own = enabled.filter((provider) => isIssuerOf(provider, issuer, claims));
  return own.length > 0 ? own : opaque.filter((provider) => provider.issuers.length === 0);
}
