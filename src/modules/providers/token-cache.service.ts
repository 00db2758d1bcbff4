import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Provider, ProvidersSnapshot } from './provider-settings.port.js';
import type { TokenRefusal, VerifiedToken } from './providers.port.js';

const MOST_ACCEPTED = 50_000;
const MOST_REFUSED = 10_000;
const ACCEPTED_MS = 60_000;
const REFUSED_MS = 10_000;

interface Accepted {
  readonly provider: Provider;
  readonly token: VerifiedToken;
  readonly until: number;
}

interface Refused {
  readonly providers: ProvidersSnapshot;
  readonly refusal: TokenRefusal;
  readonly until: number;
}

/**
 * Verified tokens for at most 60 s and never past their expiry, refused ones for at most 10 s, by the SHA-256 of the
 * token. An entry is bound to the very settings that decided: a changed provider invalidates its entries, any change
 * the refusals. The two are apart, so that a flood of bad tokens cannot push good ones out.
 */
@Injectable()
export class TokenCache {
  private readonly accepted = new LRUCache<string, Accepted>({ max: MOST_ACCEPTED });
  private readonly refused = new LRUCache<string, Refused>({ max: MOST_REFUSED });

  find(key: string, providers: ProvidersSnapshot, now: number): VerifiedToken | TokenRefusal | undefined {
    const hit = this.accepted.get(key);
    if (hit !== undefined) {
      if (now < hit.until && hit.provider.enabled && providers.byId.get(hit.provider.id) === hit.provider)
        return hit.token;
      this.accepted.delete(key);
    }
    const miss = this.refused.get(key);
    return miss !== undefined && now < miss.until && miss.providers === providers ? miss.refusal : undefined;
  }

  accept(key: string, provider: Provider, token: VerifiedToken, now: number): void {
    const until = Math.min(now + ACCEPTED_MS, token.expiresAt ?? Infinity);
    if (until > now) this.accepted.set(key, { provider, token, until });
  }

  /** A provider that could not be asked is not remembered: its breaker answers for it. */
  refuse(key: string, providers: ProvidersSnapshot, refusal: TokenRefusal, now: number): void {
    if (refusal.refused === 'provider_unavailable') return;
    this.refused.set(key, { providers, refusal, until: now + REFUSED_MS });
  }
}
