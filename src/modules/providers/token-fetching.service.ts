import { Injectable } from '@nestjs/common';
import { ProblemError, invalidField } from '../../platform/http/problem.js';
import { claimsOf, flattened, suggestedAttribute } from './claims.policy.js';
import type { ClientCredentialsView, UserinfoView } from './dto/token-fetching.dto.js';
import { formOf } from './jwt-token.policy.js';
import { filled, filledParameters } from './preset-template.policy.js';
import { presetOf } from './presets/presets.policy.js';
import { ProviderClient } from './provider-client.service.js';
import { ProviderHttpError } from './provider-http.errors.js';
import type { ProviderAnswer } from './provider-http.service.js';
import type { Provider } from './provider-settings.port.js';
import { ProvidersService } from './providers.service.js';
import { curlOf, fieldsOfTokenAnswer, scopeOfClient, tokenOf } from './token-endpoint.policy.js';
import { TokenQuestions } from './token-questions.service.js';

const LONGEST_SHOWN_TEXT = 10_000;

/** What an admin asks a provider while setting it up: client credentials, and "Get response". */
@Injectable()
export class TokenFetching {
  constructor(
    private readonly providers: ProvidersService,
    private readonly client: ProviderClient,
    private readonly questions: TokenQuestions,
  ) {}

  /** A token for the client itself. 400 where the provider has no such grant, 502 when it refuses or is away. */
  async clientCredentials(id: string, scope: string | undefined): Promise<ClientCredentialsView> {
    const provider = this.providers.current(id);
    const preset = presetOf(provider.preset);
    const url = provider.endpoints.token;
    if (!preset.clientCredentials) {
      throw new ProblemError(400, 'not_supported', `${preset.name} has no client credentials grant.`);
    }
    if (url === undefined) throw invalidField('endpoints.token', 'is needed to fetch a token.');
    if (provider.clientSecret === undefined)
      throw invalidField('clientSecret', 'is needed for client credentials.');
    const preferred =
      preset.clientCredentialsScope &&
      filled(preset.clientCredentialsScope, preset, provider.parameters, false);
    const asked = scope ?? preferred ?? scopeOfClient(provider.scope);
    const form = {
      grant_type: 'client_credentials',
      ...(asked === '' ? {} : { scope: asked }),
      ...filledParameters(preset.tokenParameters, preset, provider.parameters),
    };
    const answer = await reached(() => this.client.post(provider, url, form));
    const token = tokenOf(fieldsOfTokenAnswer(answer), answer.status);
    if ('error' in token)
      throw new ProblemError(502, 'provider_refused', `The provider refused: ${token.error}`);
    const { accessToken, tokenType, expiresIn } = token;
    return {
      accessToken,
      tokenType,
      expiresIn,
      scope: token.scope,
      curl: curlOf(this.providers.publicUrl, accessToken),
    };
  }

  /**
   * What the provider says about a token: user info; where there is none or it refuses, introspection or the claims
   * of the token itself. Nothing is verified here. 502 when the provider is away.
   */
  async userinfo(id: string, accessToken: string): Promise<UserinfoView> {
    const provider = this.providers.current(id);
    const token = accessToken.trim();
    const first =
      provider.endpoints.userinfo === undefined
        ? undefined
        : await reached(() => this.questions.requestUserinfo(provider, token));
    if (first && first.status < 300) return viewOf('userinfo', first.status, first);
    const claims = provider.validation.startsWith('jwt') ? claimsOfToken(token) : undefined;
    if (claims) return viewOf('token', 200, { json: claims, text: '' });
    const introspected = await this.introspected(provider, token);
    if (introspected) return viewOf('introspection', introspected.status, introspected);
    if (first) return viewOf('userinfo', first.status, first);
    throw invalidField('endpoints.userinfo', 'is needed to ask about a token.');
  }

  private async introspected(provider: Provider, token: string): Promise<ProviderAnswer | undefined> {
    const url = provider.endpoints.introspection;
    if (url === undefined || presetOf(provider.preset).probe) return undefined;
    return reached(() => this.client.post(provider, url, { token, token_type_hint: 'access_token' }));
  }
}

function claimsOfToken(token: string): object | undefined {
  const form = formOf(token);
  return form.form === 'jwt' ? form.jwt.claims : undefined;
}

function viewOf(
  source: UserinfoView['source'],
  status: number,
  answer: { json: unknown; text: string },
): UserinfoView {
  const claims = claimsOf(answer.json);
  const attributes = claims ? flattened(claims) : [];
  return {
    status,
    source,
    response: answer.json ?? answer.text.slice(0, LONGEST_SHOWN_TEXT),
    attributes,
    suggested: suggestedAttribute(attributes) ?? null,
  };
}

async function reached<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ProviderHttpError)
      throw new ProblemError(502, 'provider_unavailable', error.message);
    throw error;
  }
}
