import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { reasonOf } from '../../lib/reasons.js';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { sha256 } from '../../platform/crypto/sha256.js';
import { faultOfIssuer, faultOfQuery, UNKNOWN_STATE } from './callback-query.policy.js';
import type { CallbackQuery } from './callback-query.policy.js';
import { CodeFlow, CodeFlowError } from './code-flow.service.js';
import { IdTokens } from './id-token.service.js';
import { ProviderHttpError } from './provider-http.errors.js';
import { PROVIDERS } from './provider-settings.port.js';
import type { Provider } from './provider-settings.port.js';
import { isRefusal, TOKEN_VERIFIER } from './providers.port.js';
import type { TokenVerifierPort, VerifiedToken } from './providers.port.js';
import { ProvidersService } from './providers.service.js';
import { SignInRefusedError } from './sign-in.port.js';
import type { PendingSignIn, ProviderSignInPort } from './sign-in.port.js';
import { errorText } from './token-endpoint.policy.js';

/** Signs people in with the configured providers: the data plane's own rules say whose an access token is. */
@Injectable()
export class ProviderSignIn implements ProviderSignInPort {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    private readonly providers: ProvidersService,
    private readonly flow: CodeFlow,
    private readonly idTokens: IdTokens,
    @Inject(TOKEN_VERIFIER) private readonly verifier: TokenVerifierPort,
  ) {}

  available(): readonly Provider[] {
    const { enabled } = PROVIDERS.of(this.changeFeed.current);
    return enabled.filter(
      ({ endpoints }) => endpoints.authorization !== undefined && endpoints.token !== undefined,
    );
  }

  async begin(providerId: string): Promise<{ url: string; pending: PendingSignIn }> {
    const provider = this.provider(providerId);
    const state = randomBytes(32).toString('base64url');
    const nonce = randomBytes(32).toString('base64url');
    const { redirectUri } = this.providers;
    const { url, verifier } = await this.flow.begin({ provider, redirectUri, state, nonce });
    return { url, pending: { providerId, stateHash: sha256(state), nonce, verifier } };
  }

  async finish(query: CallbackQuery, pending: PendingSignIn): Promise<VerifiedToken> {
    try {
      return await this.verified(query, pending);
    } catch (error) {
      if (error instanceof CodeFlowError) throw new SignInRefusedError(error.message);
      if (error instanceof ProviderHttpError)
        throw new SignInRefusedError(error.message, 'provider_unavailable');
      throw error;
    }
  }

  private async verified(query: CallbackQuery, pending: PendingSignIn): Promise<VerifiedToken> {
    const fault = faultOfQuery(query);
    if (fault !== undefined) throw new SignInRefusedError(fault);
    const state = query.state as string;
    if (sha256(state) !== pending.stateHash) throw new SignInRefusedError(UNKNOWN_STATE);
    const provider = this.provider(pending.providerId);
    const foreign = faultOfIssuer(provider, query.iss as string | undefined);
    if (foreign !== undefined) throw new SignInRefusedError(foreign);
    if (query.error !== undefined)
      throw new SignInRefusedError(errorText(query.error as string, query.error_description));
    if (query.code === undefined)
      throw new SignInRefusedError('The provider sent neither a code nor an error.');
    const { nonce, verifier } = pending;
    const flow = { provider, redirectUri: this.providers.redirectUri, state, nonce };
    const token = await this.flow.finish(flow, query.code as string, verifier);
    await this.idTokens.demand(provider, token.idToken, nonce);
    return this.accepted(provider, token.accessToken);
  }

  private async accepted(provider: Provider, accessToken: string): Promise<VerifiedToken> {
    const result = await this.verifier.verify(accessToken);
    if (isRefusal(result)) {
      const { message } = reasonOf(result.refused);
      throw new SignInRefusedError(message, result.refused, result.detail);
    }
    if (result.providerId !== provider.id) {
      throw new SignInRefusedError('The access token belongs to another provider.', 'oauth_token_rejected');
    }
    return result;
  }

  private provider(id: string): Provider {
    const found = this.available().find((provider) => provider.id === id);
    if (!found) throw new SignInRefusedError('This identity provider is not there, or is switched off.');
    return found;
  }
}
