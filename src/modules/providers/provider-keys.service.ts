import { Inject, Injectable } from '@nestjs/common';
import { importJWK } from 'jose';
import type { CryptoKey } from 'jose';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import type { Claims } from './claims.policy.js';
import { DiscoveryRefusedError, DiscoveryService } from './discovery.service.js';
import { ProviderHttpError } from './provider-http.errors.js';
import { ProviderHttp } from './provider-http.service.js';
import { ProviderRepository } from './provider.repository.js';
import type { StoredKeys } from './provider.repository.js';
import { Breakers } from './provider-breaker.service.js';
import type { Provider } from './provider-settings.port.js';
import { keyFor, signingKeysOf } from './signing-key.policy.js';
import type { SigningKey } from './signing-key.policy.js';

const FRESH_MS = 10 * 60 * 1000;
const USABLE_MS = 24 * 60 * 60 * 1000;
const UNKNOWN_KEY_PAUSE_MS = 30 * 1000;

class KeyRing {
  keys: readonly SigningKey[] = [];
  /** Epoch milliseconds of the last good fetch; 0 before the first. */
  fetchedAt = 0;
  stored: Promise<void> | undefined;
  unknownKeyAt = 0;
  fetching: Promise<void> | undefined;
  readonly imported = new Map<string, Promise<CryptoKey>>();
}

export interface VerificationKey {
  readonly key: CryptoKey;
  readonly issuer: string | undefined;
}

/**
 * The signing keys of providers. Keys are refreshed in the background after 10 min; an unknown key id causes at most
 * one fetch in 30 s per provider; the last good keys serve for 24 h while the provider is away, across restarts.
 */
@Injectable()
export class ProviderKeys {
  private readonly rings = new WeakMap<Provider, KeyRing>();

  constructor(
    private readonly http: ProviderHttp,
    private readonly discovery: DiscoveryService,
    private readonly repository: ProviderRepository,
    private readonly breakers: Breakers,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * The key that the header names, for its algorithm; undefined when the provider has no such key. Throws
   * `ProviderHttpError` when no usable key set can be had.
   */
  async find(provider: Provider, header: Claims): Promise<VerificationKey | undefined> {
    const ring = this.ringOf(provider);
    const fetchedNow = await this.makeUsable(provider, ring);
    let found = keyFor(ring.keys, header);
    if (found === 'none') {
      await this.lookAgain(provider, ring, fetchedNow);
      found = keyFor(ring.keys, header);
    }
    if (found === 'none' || found === 'ambiguous') return undefined;
    return { key: await imported(ring, found, header['alg'] as string), issuer: found.issuer };
  }

  private ringOf(provider: Provider): KeyRing {
    let ring = this.rings.get(provider);
    if (!ring) this.rings.set(provider, (ring = new KeyRing()));
    return ring;
  }

  /** True when the keys were fetched for this very call. */
  private async makeUsable(provider: Provider, ring: KeyRing): Promise<boolean> {
    ring.stored ??= this.loadStored(provider, ring);
    await ring.stored;
    const age = Date.now() - ring.fetchedAt;
    if (age < FRESH_MS) return false;
    const fetching = this.fetch(provider, ring);
    if (age < USABLE_MS) {
      fetching.catch((error: unknown) => {
        this.log.warn(
          { err: error, provider: provider.name },
          'keys of a provider could not be refreshed; the last good ones serve',
        );
      });
      return false;
    }
    await fetching;
    return true;
  }

  private async lookAgain(provider: Provider, ring: KeyRing, fetchedNow: boolean): Promise<void> {
    const now = Date.now();
    if (fetchedNow) ring.unknownKeyAt = now;
    if (ring.fetching) return ring.fetching;
    if (now - ring.unknownKeyAt < UNKNOWN_KEY_PAUSE_MS) {
      const trouble = this.breakers.of(provider, 'keys').trouble;
      if (trouble !== undefined) throw new ProviderHttpError('unreachable', trouble, 5);
      return;
    }
    ring.unknownKeyAt = now;
    await this.fetch(provider, ring);
  }

  /** The same attempt for all who need it at once. */
  private fetch(provider: Provider, ring: KeyRing): Promise<void> {
    ring.fetching ??= this.breakers
      .of(provider, 'keys')
      .run(() => this.fetchInto(provider, ring))
      .finally(() => (ring.fetching = undefined));
    return ring.fetching;
  }

  private async fetchInto(provider: Provider, ring: KeyRing): Promise<void> {
    const url = provider.endpoints.jwks ?? (await this.discoveredUrl(provider));
    const answer = await this.http.send({ method: 'GET', url });
    const keys = answer.status === 200 ? signingKeysOf(answer.json) : undefined;
    if (!keys) {
      const what = answer.status === 200 ? 'gave no key set' : `answered ${answer.status}`;
      throw new ProviderHttpError(
        'status',
        `The key set endpoint at ${new URL(url).host} ${what}.`,
        answer.retryAfterSeconds,
      );
    }
    use(ring, keys, Date.now());
    await this.store(provider, { jwksUri: url, keys: answer.json, fetchedAt: new Date() });
  }

  private async discoveredUrl(provider: Provider): Promise<string> {
    if (provider.issuer === undefined)
      throw new ProviderHttpError('status', 'The provider has no key set endpoint.');
    const { jwks } = (await this.discovery.discover(provider.issuer).catch(asHttpError)).endpoints;
    if (jwks === undefined)
      throw new ProviderHttpError('status', "The provider's metadata names no key set.");
    return jwks;
  }

  /** The database is a second chance only: while it is away, the provider itself is asked. */
  private async loadStored(provider: Provider, ring: KeyRing): Promise<void> {
    try {
      const stored = await this.repository.keysOf(provider.id);
      const keys = stored && signingKeysOf(stored.keys);
      if (!stored || !keys || ring.fetchedAt > 0) return;
      if (provider.endpoints.jwks !== undefined && stored.jwksUri !== provider.endpoints.jwks) return;
      use(ring, keys, stored.fetchedAt.getTime());
    } catch (error) {
      this.log.warn({ err: error, provider: provider.name }, 'stored keys of a provider could not be read');
    }
  }

  private async store(provider: Provider, stored: StoredKeys): Promise<void> {
    try {
      await this.repository.saveKeys(provider.id, stored);
    } catch (error) {
      this.log.warn({ err: error, provider: provider.name }, 'keys of a provider could not be stored');
    }
  }
}

function asHttpError(error: unknown): never {
  throw error instanceof DiscoveryRefusedError ? new ProviderHttpError('status', error.message) : error;
}

function use(ring: KeyRing, keys: readonly SigningKey[], fetchedAt: number): void {
  ring.keys = keys;
  ring.fetchedAt = fetchedAt;
  ring.imported.clear();
}

/** Imported once for each algorithm. Rejects with `ProviderHttpError` when the provider published a key that is none. */
function imported(ring: KeyRing, found: SigningKey, algorithm: string): Promise<CryptoKey> {
  const name = `${ring.keys.indexOf(found)} ${algorithm}`;
  let key = ring.imported.get(name);
  if (!key) {
    key = (importJWK({ ...found.jwk, alg: algorithm }, algorithm) as Promise<CryptoKey>).catch(
      (cause: unknown) => {
        const options = { cause };
        throw new ProviderHttpError(
          'status',
          'The key set holds a key that cannot be used.',
          undefined,
          options,
        );
      },
    );
    ring.imported.set(name, key);
  }
  return key;
}
