import { Injectable } from '@nestjs/common';
import { compactVerify, errors } from 'jose';
import type { CryptoKey } from 'jose';
import type { Claims } from './claims.policy.js';
import {
  isIssuerOf,
  refusalOfBinding,
  refusalOfHeader,
  refusalOfKind,
  refusalOfTimes,
} from './jwt-claims.policy.js';
import type { Jwt } from './jwt-token.policy.js';
import { presetOf } from './presets/presets.policy.js';
import { ProviderKeys } from './provider-keys.service.js';
import type { VerificationKey } from './provider-keys.service.js';
import type { Provider } from './provider-settings.port.js';
import type { TokenRefusal } from './providers.port.js';
import type { Found } from './token-answers.policy.js';
import { refuse } from './token-refusal.policy.js';

/** Verifies JWT access tokens of one provider (RFC 9068 section 4, RFC 8725). */
@Injectable()
export class JwtVerifier {
  constructor(private readonly keys: ProviderKeys) {}

  /** The verified claims, or why not. Throws `ProviderHttpError` when the provider's keys cannot be had. */
  async verify(provider: Provider, jwt: Jwt, now: number): Promise<Found> {
    const early =
      refusalOfHeader(jwt.header, provider) ??
      presetOf(provider.preset).refusalOfClaims?.(jwt.claims, provider) ??
      refusalOfIssuer(jwt.claims, provider);
    if (early) return early;
    const refused = await this.refusalOfSignature(provider, jwt);
    if (refused) return refused;
    return (
      refusalOfKind(jwt, provider) ??
      refusalOfTimes(jwt.claims, provider, Math.floor(now / 1000), true) ??
      refusalOfBinding(jwt.claims) ?? { claims: jwt.claims }
    );
  }

  /** Undefined when the signature is one of the provider's. For ID tokens too. */
  async refusalOfSignature(provider: Provider, jwt: Jwt): Promise<TokenRefusal | undefined> {
    const found = await this.keys.find(provider, jwt.header);
    if (!found) return refuse('oauth_token_rejected', 'The provider has no key that fits the token header.');
    if (!isKeyForIssuer(found, jwt.claims, provider))
      return refuse('oauth_token_rejected', 'The key belongs to another issuer.');
    return refusalByKey(jwt, found.key);
  }
}

function refusalOfIssuer(claims: Claims, provider: Provider): TokenRefusal | undefined {
  const issuer = claims['iss'];
  if (typeof issuer === 'string' && isIssuerOf(provider, issuer, claims)) return undefined;
  return refuse('oauth_token_rejected', 'The token does not name the configured issuer.');
}

/** Matters only where one key set serves many tenants; with one issuer its keys are its own. */
function isKeyForIssuer(found: VerificationKey, claims: Claims, provider: Provider): boolean {
  const { issuer } = found;
  if (!provider.issuers.some((template) => template.includes('{tenantid}'))) return true;
  if (issuer === undefined || issuer === claims['iss']) return true;
  const tenant = claims['tid'];
  return typeof tenant === 'string' && issuer.replace('{tenantid}', tenant) === claims['iss'];
}

async function refusalByKey(jwt: Jwt, key: CryptoKey): Promise<TokenRefusal | undefined> {
  try {
    await compactVerify(jwt.compact, key, { algorithms: [jwt.header['alg'] as string] });
    return undefined;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) {
      return refuse('oauth_token_rejected', 'The signature of the token does not verify.');
    }
    throw error;
  }
}
