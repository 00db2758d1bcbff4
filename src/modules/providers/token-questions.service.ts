import { Inject, Injectable } from '@nestjs/common';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import { textsAt } from './claims.policy.js';
import { isIssuerOf } from './jwt-claims.policy.js';
import { formOf } from './jwt-token.policy.js';
import { JwtVerifier } from './jwt-verifier.service.js';
import { presetOf } from './presets/presets.policy.js';
import { Breakers } from './provider-breaker.service.js';
import type { Purpose } from './provider-breaker.service.js';
import { ProviderClient } from './provider-client.service.js';
import { ProviderHttpError } from './provider-http.errors.js';
import { ProviderHttp } from './provider-http.service.js';
import type { ProviderAnswer } from './provider-http.service.js';
import type { Provider } from './provider-settings.port.js';
import { introspectionOf, userinfoOf } from './token-answers.policy.js';
import type { Found, TokenAnswer } from './token-answers.policy.js';

/**
 * Asks a provider about a token. Each question has its breaker. Throws `ProviderHttpError` when there is no usable
 * answer; a refusal is only what the provider said about the token.
 */
@Injectable()
export class TokenQuestions {
  constructor(
    private readonly http: ProviderHttp,
    private readonly client: ProviderClient,
    private readonly breakers: Breakers,
    private readonly jwts: JwtVerifier,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  introspect(provider: Provider, token: string): Promise<Found> {
    const url = required(provider.endpoints.introspection, 'introspection');
    const { inactiveHint } = presetOf(provider.preset);
    const form = { token, token_type_hint: 'access_token' };
    return this.ask(
      provider,
      'introspection',
      () => this.client.post(provider, url, form),
      (answer) => introspectionOf(answer, inactiveHint),
    );
  }

  userinfo(provider: Provider, token: string): Promise<Found> {
    return this.ask(provider, 'userinfo', () => this.requestUserinfo(provider, token), userinfoOf);
  }

  /** The plain answer of the user info endpoint, for "Get response". */
  async requestUserinfo(provider: Provider, token: string): Promise<ProviderAnswer> {
    const own = presetOf(provider.preset).userinfoRequest?.(provider, token);
    const url = required(provider.endpoints.userinfo, 'user info');
    const answer = await this.http.send(
      own ?? { method: 'GET', url, headers: { authorization: `Bearer ${token}` } },
    );
    return this.opened(provider, answer);
  }

  /** The provider's own proof of the audience; undefined when its preset has none. */
  async probe(provider: Provider, token: string): Promise<Found | undefined> {
    const { probe } = presetOf(provider.preset);
    if (!probe) return undefined;
    return this.ask(
      provider,
      'probe',
      () => this.http.send(probe.request(provider, token)),
      (answer) => probe.read(answer, provider),
    );
  }

  /**
   * Signed user info (OpenID Connect Core section 5.3.2) as plain JSON; no JSON at all when the signature is not the
   * provider's, or when issuer or audience are named and are others.
   */
  private async opened(provider: Provider, answer: ProviderAnswer): Promise<ProviderAnswer> {
    if (answer.status !== 200 || !answer.contentType.toLowerCase().startsWith('application/jwt'))
      return answer;
    const form = formOf(answer.text.trim());
    if (form.form !== 'jwt') return { ...answer, json: undefined };
    const { claims } = form.jwt;
    const issuer = claims['iss'];
    const isOurs =
      (issuer === undefined || (typeof issuer === 'string' && isIssuerOf(provider, issuer, claims))) &&
      (claims['aud'] === undefined || textsAt(claims, 'aud')?.includes(provider.clientId) === true);
    const refused = isOurs ? await this.jwts.refusalOfSignature(provider, form.jwt) : true;
    return { ...answer, json: refused ? undefined : claims };
  }

  private ask(
    provider: Provider,
    purpose: Purpose,
    send: () => Promise<ProviderAnswer>,
    read: (answer: ProviderAnswer) => TokenAnswer,
  ): Promise<Found> {
    return this.breakers.of(provider, purpose).run(async () => {
      const answer = await send();
      const result = read(answer);
      if (!('unusable' in result)) return result;
      this.log.error({ provider: provider.name, purpose, status: answer.status }, result.unusable);
      throw new ProviderHttpError('status', result.unusable, result.retryAfterSeconds);
    });
  }
}

function required(url: string | undefined, name: string): string {
  if (url === undefined) throw new ProviderHttpError('status', `The provider has no ${name} endpoint.`);
  return url;
}
