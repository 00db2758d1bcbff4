import { presetOf } from './presets/presets.policy.js';
import type { ProviderSettings } from './provider-settings.port.js';

type Judged = ProviderSettings & { readonly preset: string; readonly clientSecret?: string };

/** True when the settings give a way to prove that a token was issued to our client. */
export function provesAudience(provider: Pick<Judged, 'preset' | 'validation' | 'endpoints'>): boolean {
  if (provider.validation !== 'userinfo') return true;
  return provider.endpoints.introspection !== undefined || presetOf(provider.preset).probe !== undefined;
}

/** What an admin should know about a provider's settings, in words. Empty when all is well. */
export function warningsOf(provider: Judged): string[] {
  const warnings: string[] = [];
  if (provider.audienceCheck === 'accept-any-client') {
    warnings.push(
      'Tokens of any client of this provider are accepted: any application that users sign in to can call as them.',
    );
  }
  const missing = missingEndpointsOf(provider);
  if (missing.length > 0)
    warnings.push(`Not known yet: ${missing.join(', ')} endpoint. Run discovery or fill it in.`);
  if (provider.usernameTransform === 'local-part') {
    warnings.push(
      'The part before the @ names the user: anyone who gets an address of the same name in another domain becomes that user.',
    );
  }
  if (provider.trustUnverifiedEmail) {
    warnings.push(
      'E-mail addresses that the provider has not verified are trusted: users may take over accounts by changing their address.',
    );
  }
  return warnings;
}

/** Endpoints that the validation needs and that are not set. */
export function missingEndpointsOf(provider: Pick<Judged, 'validation' | 'endpoints'>): string[] {
  const { validation, endpoints } = provider;
  const missing: string[] = [];
  if (validation.startsWith('jwt') && endpoints.jwks === undefined) missing.push('jwks');
  if (validation.endsWith('introspection') && endpoints.introspection === undefined)
    missing.push('introspection');
  if (validation === 'userinfo' && endpoints.userinfo === undefined) missing.push('userinfo');
  return missing;
}
