import { Injectable } from '@nestjs/common';
import type { Provider } from './provider-settings.port.js';
import { ProviderHttpError } from './provider-http.errors.js';

const FAILURES_TO_OPEN = 3;
const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 30_000;
const LONGEST_RETRY_AFTER_SECONDS = 300;

export type Purpose = 'keys' | 'introspection' | 'userinfo' | 'probe';

/**
 * Stops asking an endpoint that fails: at once after a timeout or a 429, after three other failures in a row. While
 * it pauses, callers are refused immediately; then one caller tries, and the others go on being refused.
 */
export class Breaker {
  private failures = 0;
  private pauseMs = FIRST_PAUSE_MS;
  private openUntil = 0;
  private trying = false;
  private lastMessage = '';

  constructor(private readonly now: () => number = Date.now) {}

  /** Why the last call failed; undefined when it succeeded. */
  get trouble(): string | undefined {
    return this.failures > 0 ? this.lastMessage : undefined;
  }

  /** Runs `call` unless the endpoint pauses. Throws what `call` throws, or `ProviderHttpError` while pausing. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    const wait = this.openUntil - this.now();
    if (wait > 0 || (this.openUntil > 0 && this.trying)) {
      throw new ProviderHttpError('unreachable', this.lastMessage, Math.max(1, Math.ceil(wait / 1000)));
    }
    this.trying = this.openUntil > 0;
    try {
      const result = await call();
      this.closed();
      return result;
    } catch (error) {
      throw error instanceof ProviderHttpError ? this.failed(error) : error;
    } finally {
      this.trying = false;
    }
  }

  private closed(): void {
    this.failures = 0;
    this.openUntil = 0;
    this.pauseMs = FIRST_PAUSE_MS;
  }

  private failed(error: ProviderHttpError): ProviderHttpError {
    this.failures += 1;
    this.lastMessage = error.message;
    const asked = error.retryAfterSeconds;
    if (asked !== undefined)
      return this.pause(error, Math.min(Math.max(asked, 1), LONGEST_RETRY_AFTER_SECONDS) * 1000);
    if (error.fault !== 'timeout' && this.failures < FAILURES_TO_OPEN) return error;
    const pause = this.pauseMs;
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
    return this.pause(error, pause);
  }

  private pause(error: ProviderHttpError, milliseconds: number): ProviderHttpError {
    this.openUntil = this.now() + milliseconds;
    return new ProviderHttpError(error.fault, error.message, Math.ceil(milliseconds / 1000), {
      cause: error,
    });
  }
}

/** One breaker for each endpoint of each provider. Saving a provider starts afresh: its object is another one. */
@Injectable()
export class Breakers {
  private readonly byProvider = new WeakMap<Provider, Map<Purpose, Breaker>>();

  of(provider: Provider, purpose: Purpose): Breaker {
    let breakers = this.byProvider.get(provider);
    if (!breakers) this.byProvider.set(provider, (breakers = new Map<Purpose, Breaker>()));
    let breaker = breakers.get(purpose);
    if (!breaker) breakers.set(purpose, (breaker = new Breaker()));
    return breaker;
  }

  /** What failed when it was last asked. */
  troublesOf(provider: Provider): string[] {
    const breakers = this.byProvider.get(provider);
    if (!breakers) return [];
    return [...breakers].flatMap(([purpose, breaker]) =>
      breaker.trouble ? [`${purpose}: ${breaker.trouble}`] : [],
    );
  }
}
