import { LRUCache } from 'lru-cache';

export interface LookupCacheOptions {
  /** How long an answer counts as fresh. */
  readonly freshMs: number;
  /** An answer younger than this serves when a new one cannot be had; 0: never. Only for answers that found something. */
  readonly staleMs: number;
  /** How long "nothing found" counts as fresh. */
  readonly negativeMs: number;
  readonly largest: number;
  readonly now: () => number;
}

interface Entry<T> {
  readonly value: T | undefined;
  readonly loadedAt: number;
  freshUntil: number;
}

/** After a failure the stale answer serves this long before the next attempt. */
const RETRY_MS = 2_000;

/**
 * Answers from memory, synchronously, while an answer is fresh; many waiting for the same key share one look-up.
 * A failed look-up is answered from the stale entry when there is one, else it is thrown.
 */
export class LookupCache<T extends object> {
  private readonly entries: LRUCache<string, Entry<T>>;
  private pending = new Map<string, Promise<T | undefined>>();

  constructor(private readonly options: LookupCacheOptions) {
    this.entries = new LRUCache({ max: options.largest });
  }

  get(key: string, load: () => Promise<T | undefined>): T | undefined | Promise<T | undefined> {
    const entry = this.entries.get(key);
    if (entry && this.options.now() < entry.freshUntil) return entry.value;
    return this.pending.get(key) ?? this.load(key, entry, load);
  }

  /** Forgets everything; a look-up that is under way does not bring its answer back in. */
  clear(): void {
    this.entries.clear();
    this.pending = new Map();
  }

  private load(
    key: string,
    entry: Entry<T> | undefined,
    load: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const pending = this.pending;
    const promise = load()
      .then(
        (value) => this.keep(key, value, pending),
        (error: unknown) => this.staleOrThrow(entry, error),
      )
      .finally(() => pending.delete(key));
    pending.set(key, promise);
    return promise;
  }

  private keep(key: string, value: T | undefined, pending: Map<string, unknown>): T | undefined {
    // Another map: the cache was cleared meanwhile, so this answer may come from old settings.
    if (pending !== this.pending) return value;
    const now = this.options.now();
    const freshUntil = now + (value === undefined ? this.options.negativeMs : this.options.freshMs);
    this.entries.set(key, { value, loadedAt: now, freshUntil });
    return value;
  }

  private staleOrThrow(entry: Entry<T> | undefined, error: unknown): T {
    const now = this.options.now();
    if (entry?.value === undefined || now - entry.loadedAt >= this.options.staleMs) throw error;
    entry.freshUntil = Math.min(now + RETRY_MS, entry.loadedAt + this.options.staleMs);
    return entry.value;
  }
}
