import { Injectable } from '@nestjs/common';
import { CodeFlowError, asksForIdToken } from './code-flow.service.js';
import { textsAt } from './claims.policy.js';
import { ALGORITHMS, isIssuerOf, refusalOfTimes } from './jwt-claims.policy.js';
import { formOf } from './jwt-token.policy.js';
import { JwtVerifier } from './jwt-verifier.service.js';
import type { Provider } from './provider-settings.port.js';

/** Verifies the ID token of "Fetch token" (OpenID Connect Core section 3.1.3.7). */
@Injectable()
export class IdTokens {
  constructor(private readonly jwts: JwtVerifier) {}

  /**
   * Demands an ID token wherever one was asked for: signature by the provider's keys, issuer, audience, authorized
   * party, times and our nonce. Throws `CodeFlowError`, or `ProviderHttpError` when the keys cannot be had.
   */
  async demand(provider: Provider, idToken: string | undefined, nonce: string): Promise<void> {
    if (!asksForIdToken(provider)) return;
    if (idToken === undefined)
      throw new CodeFlowError('The provider gave no ID token although openid was asked for.');
    const form = formOf(idToken);
    if (form.form !== 'jwt') throw new CodeFlowError('The ID token is not a signed JWT.');
    const { header, claims } = form.jwt;
    if (typeof header['alg'] !== 'string' || !ALGORITHMS.has(header['alg']) || 'crit' in header) {
      throw new CodeFlowError('The ID token is not signed by an accepted algorithm.');
    }
    const issuer = claims['iss'];
    if (typeof issuer !== 'string' || !isIssuerOf(provider, issuer, claims))
      throw new CodeFlowError('The ID token names another issuer.');
    if (!isForClient(provider, textsAt(claims, 'aud'), claims['azp']))
      throw new CodeFlowError('The ID token is for another client.');
    if (claims['nonce'] !== nonce)
      throw new CodeFlowError('The ID token does not hold the nonce of this authorization.');
    const refused =
      (await this.jwts.refusalOfSignature(provider, form.jwt)) ??
      refusalOfTimes(claims, provider, Math.floor(Date.now() / 1000), true);
    if (refused) throw new CodeFlowError(`ID token: ${refused.detail}`);
  }
}

function isForClient(provider: Provider, audience: readonly string[] | undefined, party: unknown): boolean {
  if (!audience?.includes(provider.clientId)) return false;
  return party === undefined ? audience.length === 1 : party === provider.clientId;
}
