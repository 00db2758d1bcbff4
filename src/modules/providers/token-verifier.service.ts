import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { sha256 } from '../../platform/crypto/sha256.js';
import { LONGEST_TOKEN, formOf } from './jwt-token.policy.js';
import type { TokenForm } from './jwt-token.policy.js';
import { Breakers } from './provider-breaker.service.js';
import { PROVIDERS } from './provider-settings.port.js';
import type { Provider, ProvidersSnapshot } from './provider-settings.port.js';
import { ProviderVerification } from './provider-verification.service.js';
import { warningsOf } from './provider-warnings.policy.js';
import { isRefusal } from './providers.port.js';
import type {
  ProviderStatus,
  TokenExplanation,
  TokenRefusal,
  TokenStep,
  TokenVerifierPort,
  VerifiedToken,
} from './providers.port.js';
import { TokenCache } from './token-cache.service.js';
import { mostTelling, refuse } from './token-refusal.policy.js';
import { candidatesFor } from './token-routing.policy.js';

/** More tokens than these of one issuer, and more opaque ones, are not verified at the same time. */
const MOST_AT_ONCE = 1000;
const OPAQUE = 'opaque';

type Outcome = VerifiedToken | TokenRefusal;

interface Flight {
  readonly providers: ProvidersSnapshot;
  readonly outcome: Promise<Outcome>;
}

interface Round {
  readonly outcome: Outcome;
  readonly provider?: Provider;
}

const TOO_LONG = refuse('oauth_token_rejected', 'The token is longer than 16 KiB.');
const BUSY = refuse('provider_unavailable', 'Too many tokens wait for identity providers.', 1);

@Injectable()
export class TokenVerifier implements TokenVerifierPort {
  private readonly flights = new Map<string, Flight>();
  /** Flights by what they wait for: tokens of one provider must not take the places of another's. */
  private readonly waiting = new Map<string, number>();

  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    private readonly cache: TokenCache,
    private readonly verification: ProviderVerification,
    private readonly breakers: Breakers,
  ) {}

  verify(token: string, key: string = sha256(token)): Outcome | Promise<Outcome> {
    if (token.length > LONGEST_TOKEN) return TOO_LONG;
    const providers = PROVIDERS.of(this.changeFeed.current);
    return this.cache.find(key, providers, Date.now()) ?? this.verifyOnce(key, token, providers);
  }

  async explain(token: string): Promise<TokenExplanation> {
    const providers = PROVIDERS.of(this.changeFeed.current);
    const steps: TokenStep[] = [];
    const form = formOf(token);
    steps.push({
      step: 'form',
      outcome: form.form === 'malformed' ? 'failed' : 'info',
      detail: describe(form),
    });
    const { outcome } = await this.askInOrder(token, form, providers, steps);
    return { result: outcome, steps };
  }

  status(): ProviderStatus[] {
    const { enabled } = PROVIDERS.of(this.changeFeed.current);
    return enabled.map((provider) => {
      const troubles = this.breakers.troublesOf(provider);
      const ok = troubles.length === 0;
      const detail = ok ? 'No failure since it was last asked.' : troubles.join(' ');
      return { id: provider.id, name: provider.name, ok, detail, warnings: warningsOf(provider) };
    });
  }

  /** One verification for all who wait for the same token under the same settings. */
  private verifyOnce(key: string, token: string, providers: ProvidersSnapshot): Outcome | Promise<Outcome> {
    const flight = this.flights.get(key);
    if (flight?.providers === providers) return flight.outcome;
    const form = formOf(token);
    const lane = laneOf(form, providers);
    const before = this.waiting.get(lane) ?? 0;
    if (before >= MOST_AT_ONCE) return BUSY;
    this.waiting.set(lane, before + 1);
    const outcome = this.verifyAnew(key, token, form, providers).finally(() => {
      this.leave(lane);
      if (this.flights.get(key)?.outcome === outcome) this.flights.delete(key);
    });
    this.flights.set(key, { providers, outcome });
    return outcome;
  }

  private leave(lane: string): void {
    const others = (this.waiting.get(lane) ?? 0) - 1;
    if (others > 0) this.waiting.set(lane, others);
    else this.waiting.delete(lane);
  }

  private async verifyAnew(
    key: string,
    token: string,
    form: TokenForm,
    providers: ProvidersSnapshot,
  ): Promise<Outcome> {
    const { outcome, provider } = await this.askInOrder(token, form, providers, undefined);
    const now = Date.now();
    if (isRefusal(outcome)) this.cache.refuse(key, providers, outcome, now);
    else if (provider) this.cache.accept(key, provider, outcome, now);
    return outcome;
  }

  private async askInOrder(
    token: string,
    form: TokenForm,
    providers: ProvidersSnapshot,
    steps: TokenStep[] | undefined,
  ): Promise<Round> {
    if (form.form === 'malformed') return { outcome: refuse('oauth_token_rejected', form.detail) };
    const refusals: TokenRefusal[] = [];
    for (const provider of candidatesFor(form, providers.enabled)) {
      steps?.push({
        step: 'provider',
        outcome: 'info',
        detail: `Asking ${provider.name} (${provider.validation}).`,
      });
      const outcome = await this.verification.verify(provider, token, form, steps);
      if (!isRefusal(outcome)) return { outcome, provider };
      refusals.push(outcome);
    }
    if (refusals.length > 0) return { outcome: mostTelling(refusals) };
    steps?.push({ step: 'provider', outcome: 'failed', detail: 'No enabled provider takes this token.' });
    return { outcome: refuse('oauth_token_rejected', nobodysToken(form)) };
  }
}

/** What a token waits for: the first provider of the issuer that a JWT names, else the providers of opaque tokens. */
function laneOf(form: TokenForm, providers: ProvidersSnapshot): string {
  const first = form.form === 'jwt' ? candidatesFor(form, providers.enabled)[0] : undefined;
  return first?.id ?? OPAQUE;
}

function nobodysToken(form: TokenForm): string {
  if (form.form === 'jwt') return 'No enabled provider has the issuer that the token names.';
  if (form.form === 'jwe')
    return 'The token is encrypted, and no enabled provider validates by introspection or user info.';
  return 'The token is opaque, and no enabled provider validates by introspection or user info.';
}

function describe(form: TokenForm): string {
  switch (form.form) {
    case 'jwt':
      return 'The token is a signed JWT.';
    case 'jwe':
      return 'The token is an encrypted JWT; only its provider can read it.';
    case 'opaque':
      return 'The token is opaque; only its provider can tell what it is.';
    case 'malformed':
      return form.detail;
  }
}
