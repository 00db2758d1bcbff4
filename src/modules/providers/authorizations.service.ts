import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { SECRET_BOX } from '../../platform/crypto/secret-box.js';
import type { SecretBox } from '../../platform/crypto/secret-box.js';
import { sha256 } from '../../platform/crypto/sha256.js';
import { ProblemError, invalidField, notFound } from '../../platform/http/problem.js';
import type { Actor } from '../access/access.port.js';
import { AuthorizationRepository } from './authorization.repository.js';
import type { StoredAuthorization } from './authorization.repository.js';
import { failurePage, tokenPage } from './authorization-page.policy.js';
import { faultOfIssuer, faultOfQuery, STATE_SHAPE, UNKNOWN_STATE } from './callback-query.policy.js';
import type { CallbackQuery } from './callback-query.policy.js';
import { CodeFlow, CodeFlowError } from './code-flow.service.js';
import type { FlowSettings } from './code-flow.service.js';
import type { AuthorizationResultView, AuthorizationView } from './dto/token-fetching.dto.js';
import { IdTokens } from './id-token.service.js';
import { ProviderHttpError } from './provider-http.errors.js';
import type { Provider } from './provider-settings.port.js';
import { ProvidersService } from './providers.service.js';
import { curlOf, errorText } from './token-endpoint.policy.js';
import type { FetchedToken } from './token-endpoint.policy.js';

const LIFETIME_MS = 10 * 60 * 1000;

interface Secret {
  readonly verifier: string;
  readonly nonce: string;
  /** Hash of the cookie that binds the sign-in to the browser it was begun in. */
  readonly binding?: string;
}

export interface CallbackAnswer {
  readonly status: number;
  readonly html: string;
}

/**
 * "Fetch token": the authorization code flow in the admin's browser. A state is random, good for one callback within
 * ten minutes, and its result is given once to the admin who began.
 */
@Injectable()
export class AuthorizationsService {
  constructor(
    private readonly providers: ProvidersService,
    private readonly repository: AuthorizationRepository,
    private readonly flow: CodeFlow,
    private readonly idTokens: IdTokens,
    @Inject(SECRET_BOX) private readonly box: SecretBox,
  ) {}

  /** `binding`: a value that the browser will bring back in a cookie; undefined for API clients. */
  async begin(providerId: string, actor: Actor, binding: string | undefined): Promise<AuthorizationView> {
    const provider = this.providers.current(providerId);
    for (const name of ['authorization', 'token'] as const) {
      if (provider.endpoints[name] === undefined)
        throw invalidField(`endpoints.${name}`, 'is needed to fetch a token.');
    }
    const state = randomBytes(32).toString('base64url');
    const nonce = randomBytes(32).toString('base64url');
    const { url, verifier } = await this.flow.begin(this.settings(provider, state, nonce));
    const secret: Secret = {
      verifier,
      nonce,
      ...(binding === undefined ? {} : { binding: sha256(binding) }),
    };
    const stateHash = sha256(state);
    const expiresAt = new Date(Date.now() + LIFETIME_MS);
    const added = await this.repository.add({
      stateHash,
      providerId,
      admin: actor.username,
      secret: this.box.seal(JSON.stringify(secret), purposeOf(stateHash)),
      expiresAt,
    });
    if (!added) throw new ProblemError(429, 'too_many_requests', 'Too many sign-ins are running.');
    return {
      authorizationUrl: url,
      state,
      expiresAt: expiresAt.toISOString(),
      postman: this.postman(provider),
    };
  }

  /** What became of a sign-in. Throws 404 for states of others, unknown, collected and expired ones. */
  async collect(providerId: string, state: string, actor: Actor): Promise<AuthorizationResultView> {
    const stateHash = sha256(state);
    const found = STATE_SHAPE.test(state)
      ? await this.repository.collect(stateHash, providerId, actor.username)
      : undefined;
    if (!found) throw notFound('The authorization');
    if (found.status === 'pending') return { status: 'pending' };
    const result = JSON.parse(this.box.open(found.result, purposeOf(stateHash))) as
      FetchedToken | { error: string };
    if ('error' in result) return { status: 'failed', error: result.error };
    const { accessToken, tokenType, expiresIn, scope } = result;
    return {
      status: 'complete',
      accessToken,
      tokenType,
      expiresIn,
      scope,
      curl: curlOf(this.providers.publicUrl, accessToken),
    };
  }

  /** The callback of the provider. Answers a page; every fault is status 400 and uses the state up. */
  async complete(query: CallbackQuery, cookie: string | undefined): Promise<CallbackAnswer> {
    const fault = faultOfQuery(query);
    if (fault !== undefined) return { status: 400, html: failurePage(fault) };
    const authorization = await this.repository.take(sha256(query.state as string));
    if (!authorization) return { status: 400, html: failurePage(UNKNOWN_STATE) };
    try {
      const provider = this.providers.current(authorization.providerId);
      const token = await this.exchange(provider, authorization, query, cookie);
      await this.keep(authorization, 'complete', { ...token, idToken: undefined });
      return {
        status: 200,
        html: tokenPage(provider.name, token, curlOf(this.providers.publicUrl, token.accessToken)),
      };
    } catch (error) {
      if (!isExpected(error)) throw error;
      await this.keep(authorization, 'failed', { error: error.message });
      return { status: 400, html: failurePage(error.message) };
    }
  }

  private async exchange(
    provider: Provider,
    authorization: StoredAuthorization,
    query: CallbackQuery,
    cookie: string | undefined,
  ): Promise<FetchedToken> {
    const secret = JSON.parse(
      this.box.open(authorization.secret, purposeOf(authorization.stateHash)),
    ) as Secret;
    if (secret.binding !== undefined && (cookie === undefined || sha256(cookie) !== secret.binding)) {
      throw new CodeFlowError('The sign-in was begun in another browser.');
    }
    const foreign = faultOfIssuer(provider, query.iss as string | undefined);
    if (foreign !== undefined) throw new CodeFlowError(foreign);
    if (query.error !== undefined)
      throw new CodeFlowError(errorText(query.error as string, query.error_description));
    if (query.code === undefined) throw new CodeFlowError('The provider sent neither a code nor an error.');
    const flow = this.settings(provider, query.state as string, secret.nonce);
    const token = await this.flow.finish(flow, query.code as string, secret.verifier);
    await this.idTokens.demand(provider, token.idToken, secret.nonce);
    return token;
  }

  private keep(
    authorization: StoredAuthorization,
    status: 'complete' | 'failed',
    result: object,
  ): Promise<void> {
    const { stateHash } = authorization;
    return this.repository.finish(
      stateHash,
      status,
      this.box.seal(JSON.stringify(result), purposeOf(stateHash)),
    );
  }

  private settings(provider: Provider, state: string, nonce: string): FlowSettings {
    return { provider, redirectUri: this.providers.redirectUri, state, nonce };
  }

  private postman(provider: Provider): AuthorizationView['postman'] {
    return {
      grantType: 'Authorization Code (With PKCE)',
      callbackUrl: this.providers.redirectUri,
      authUrl: provider.endpoints.authorization ?? '',
      accessTokenUrl: provider.endpoints.token ?? '',
      clientId: provider.clientId,
      scope: provider.scope,
      codeChallengeMethod: 'SHA-256',
      clientAuthentication:
        provider.clientAuthentication === 'basic'
          ? 'Send as Basic Auth header'
          : 'Send client credentials in body',
    };
  }
}

function isExpected(error: unknown): error is Error {
  return (
    error instanceof CodeFlowError || error instanceof ProviderHttpError || error instanceof ProblemError
  );
}

function purposeOf(stateHash: string): string {
  return `provider-authorizations/${stateHash}`;
}
