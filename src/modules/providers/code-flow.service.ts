import { Injectable } from '@nestjs/common';
import OAuth2Strategy from 'passport-oauth2';
import { filledParameters } from './preset-template.policy.js';
import { presetOf } from './presets/presets.policy.js';
import { ProviderClient } from './provider-client.service.js';
import type { Provider } from './provider-settings.port.js';
import { fieldsOfTokenAnswer, tokenOf } from './token-endpoint.policy.js';
import type { FetchedToken } from './token-endpoint.policy.js';

/** The provider refused, in words for the admin; holds no secret. */
export class CodeFlowError extends Error {
  override readonly name = 'CodeFlowError';
}

export interface FlowSettings {
  readonly provider: Provider;
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
}

type Done = (error: Error | null, ...results: unknown[]) => void;
type Outcome = { readonly redirect: string } | { readonly token: FetchedToken };

interface TokenTransport {
  _request(
    method: string,
    url: string,
    headers: unknown,
    body: string,
    token: unknown,
    done: (error: { statusCode: number; data: string } | Error | null, data?: string) => void,
  ): void;
}

/**
 * The authorization code flow of passport-oauth2, run without sessions: state and PKCE verifier are kept by the
 * caller, and the token request goes through the guarded provider client instead of the library's own.
 */
@Injectable()
export class CodeFlow {
  constructor(private readonly client: ProviderClient) {}

  /** The URL that the admin's browser opens, and the PKCE verifier (RFC 7636, S256) that belongs to it. */
  async begin(flow: FlowSettings): Promise<{ url: string; verifier: string }> {
    let verifier = '';
    const store = {
      store: (_request: unknown, made: string, _state: unknown, _meta: unknown, done: Done) => {
        verifier = made;
        done(null, flow.state);
      },
      verify: (_request: unknown, _state: string, _meta: unknown, done: Done) => done(null, false),
    };
    const outcome = await run(this.strategy(flow, store), {});
    if (!('redirect' in outcome)) throw new Error('The code flow did not begin with a redirect.');
    return { url: outcome.redirect, verifier };
  }

  /** Exchanges the code. Throws `CodeFlowError` when the provider refuses, `ProviderHttpError` when it is away. */
  async finish(flow: FlowSettings, code: string, verifier: string): Promise<FetchedToken> {
    const store = {
      store: (_request: unknown, _made: string, _state: unknown, _meta: unknown, done: Done) =>
        done(null, flow.state),
      verify: (_request: unknown, state: string, _meta: unknown, done: Done) =>
        done(null, state === flow.state ? verifier : false, state),
    };
    const outcome = await run(this.strategy(flow, store), { code, state: flow.state });
    if (!('token' in outcome)) throw new Error('The code flow did not end with a token.');
    return outcome.token;
  }

  private strategy(flow: FlowSettings, store: object): OAuth2Strategy {
    const { provider, redirectUri, nonce } = flow;
    const preset = presetOf(provider.preset);
    let fetched: FetchedToken | undefined;
    const options = {
      authorizationURL: provider.endpoints.authorization ?? '',
      tokenURL: provider.endpoints.token ?? '',
      clientID: provider.clientId,
      clientSecret: provider.clientSecret ?? '',
      callbackURL: redirectUri,
      scope: provider.scope === '' ? undefined : provider.scope,
      state: true,
      pkce: true,
      skipUserProfile: true,
      store,
    };
    const strategy = new OAuth2Strategy(
      options as unknown as OAuth2Strategy.StrategyOptions,
      (_access: string, _refresh: string, _profile: unknown, done: OAuth2Strategy.VerifyCallback) =>
        done(null, { token: fetched }),
    );
    strategy.authorizationParams = () => ({
      ...filledParameters(preset.authorizationParameters, preset, provider.parameters),
      ...(asksForIdToken(provider) ? { nonce } : {}),
    });
    strategy.tokenParams = () => filledParameters(preset.tokenParameters, preset, provider.parameters);
    const transport = (strategy as unknown as { _oauth2: TokenTransport })._oauth2;
    transport._request = (_method, url, _headers, body, _token, done) => {
      this.exchange(provider, url, body).then(
        (token) => {
          fetched = token;
          done(null, JSON.stringify({ access_token: token.accessToken }));
        },
        (error: unknown) => done(error as Error),
      );
    };
    return strategy;
  }

  private async exchange(provider: Provider, url: string, body: string): Promise<FetchedToken> {
    const form = Object.fromEntries(new URLSearchParams(body));
    delete form['client_id'];
    delete form['client_secret'];
    const answer = await this.client.post(provider, url, form);
    const token = tokenOf(fieldsOfTokenAnswer(answer), answer.status);
    if ('error' in token) throw new CodeFlowError(token.error);
    return token;
  }
}

/** True when the answer must hold an ID token: OpenID Connect, and an issuer that it can be checked against. */
export function asksForIdToken(provider: Provider): boolean {
  return provider.scope.split(' ').includes('openid') && provider.issuers.length > 0;
}

/** Runs a strategy as passport does, with its outcomes as one promise. */
function run(strategy: OAuth2Strategy, query: Record<string, string>): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const acting = Object.assign(Object.create(strategy) as OAuth2Strategy, {
      redirect: (url: string) => resolve({ redirect: url }),
      success: (user: unknown) => resolve(user as Outcome),
      fail: () =>
        reject(new CodeFlowError('The state of the callback does not belong to this authorization.')),
      error: (error: unknown) => reject(unwrapped(error)),
    });
    acting.authenticate({ query } as unknown as Parameters<OAuth2Strategy['authenticate']>[0]);
  });
}

/** passport-oauth2 wraps what the token request threw. */
function unwrapped(error: unknown): Error {
  const inner = (error as { oauthError?: unknown } | undefined)?.oauthError;
  return inner instanceof Error ? inner : (error as Error);
}
