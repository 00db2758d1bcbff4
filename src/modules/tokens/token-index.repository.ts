import { LRUCache } from 'lru-cache';
import { FixedKeyTable } from '../../lib/fixed-key-table.js';
import { SnapshotSlot } from '../../platform/change-feed/snapshot.js';
import type { TokenLimits } from '../decisions/exchange.port.js';
import { compileLimits, limitsKey } from './token-limits.policy.js';
import type { StoredLimits } from './token-limits.policy.js';
import type { KnownApiToken } from './tokens.port.js';

const DIGEST_WORDS = 8;
const ID_WORDS = 4;
const REVOKED = -1;
const NEVER = Infinity;
const READY_TOKENS = 50_000;

/** What the index keeps of a token. Ids and digests are binary; times are epoch milliseconds. */
export interface IndexedToken extends StoredLimits {
  readonly id: Buffer;
  readonly digest: Buffer;
  readonly username: string;
  readonly name: string;
  /** null: never. */
  readonly expiresAt: number | null;
  readonly revoked: boolean;
  /** The secret before the last rotation, and how long it still works. */
  readonly previousDigest: Buffer | null;
  readonly previousUntil: number | null;
}

export type TokenState = 'active' | 'expired' | 'revoked';

/**
 * Every token in memory, in columns by row number: a million of them cost some 200 MB. A secret (current or
 * replaced) is found by its SHA-256, a token by its id.
 *
 * Unlike other slots of the snapshot it is updated in place: a copy of a million rows for each new token would
 * stop the event loop. That is safe because a row changes between two requests, never within one look-up.
 */
export class TokenIndex {
  private readonly secrets: FixedKeyTable;
  private readonly tokens: FixedKeyTable;
  /** By secret row: the token row. */
  private readonly tokenOf: number[] = [];
  /** By token row. */
  private readonly currentSecret: number[] = [];
  private readonly ends: number[] = [];
  private readonly usernames: string[] = [];
  private readonly names: string[] = [];
  private readonly limits: TokenLimits[] = [];
  /** Only rotated tokens have one. */
  private readonly previousSecret = new Map<number, number>();
  private readonly previousUntil = new Map<number, number>();

  private readonly sharedLimits = new Map<string, TokenLimits>();
  private readonly sharedUsernames = new Map<string, string>();
  private readonly ready = new LRUCache<number, KnownApiToken>({ max: READY_TOKENS });
  private readonly digestWords = new Uint32Array(DIGEST_WORDS);
  private readonly idWords = new Uint32Array(ID_WORDS);

  constructor(expectedTokens = 0) {
    this.secrets = new FixedKeyTable(DIGEST_WORDS, expectedTokens);
    this.tokens = new FixedKeyTable(ID_WORDS, expectedTokens);
  }

  get size(): number {
    return this.tokens.size;
  }

  /** The row of the secret with this SHA-256, or -1. */
  find(digest: Buffer): number {
    return this.secrets.find(wordsOf(digest, this.digestWords));
  }

  stateOf(secret: number, now: number): TokenState {
    const ends = this.ends[this.tokenOf[secret] as number] as number;
    if (ends === REVOKED) return 'revoked';
    const replacedAt = this.previousUntil.get(secret);
    if (replacedAt !== undefined && replacedAt <= now) return 'revoked';
    return ends <= now ? 'expired' : 'active';
  }

  /** The token of a secret. The same object for every use while it is in use often. */
  tokenAt(secret: number): KnownApiToken {
    const ready = this.ready.get(secret);
    if (ready) return ready;
    const token = this.describe(secret);
    this.ready.set(secret, token);
    return token;
  }

  /** Adds a token or replaces what was known of it. */
  put(token: IndexedToken): void {
    const row = this.tokens.add(wordsOf(token.id, this.idWords));
    if (row < this.currentSecret.length) this.dropSecrets(row);
    this.currentSecret[row] = this.addSecret(row, token.digest);
    this.ends[row] = token.revoked ? REVOKED : (token.expiresAt ?? NEVER);
    this.usernames[row] = this.shareUsername(token.username);
    this.names[row] = token.name;
    this.limits[row] = this.shareLimits(token);
    if (!token.previousDigest || token.previousUntil === null) return;
    const previous = this.addSecret(row, token.previousDigest);
    this.previousSecret.set(row, previous);
    this.previousUntil.set(previous, token.previousUntil);
  }

  /** Forgets a token; nothing happens when it is not known. */
  remove(id: Buffer): void {
    const row = this.tokens.find(wordsOf(id, this.idWords));
    if (row < 0) return;
    this.dropSecrets(row);
    this.tokens.remove(row);
    this.names[row] = '';
  }

  private addSecret(token: number, digest: Buffer): number {
    const secret = this.secrets.add(wordsOf(digest, this.digestWords));
    this.tokenOf[secret] = token;
    return secret;
  }

  private dropSecrets(row: number): void {
    const previous = this.previousSecret.get(row);
    if (previous !== undefined) {
      this.previousSecret.delete(row);
      this.previousUntil.delete(previous);
      this.dropSecret(previous);
    }
    const current = this.currentSecret[row] ?? -1;
    if (current >= 0) this.dropSecret(current);
    this.currentSecret[row] = -1;
  }

  private dropSecret(secret: number): void {
    this.ready.delete(secret);
    this.secrets.remove(secret);
  }

  private describe(secret: number): KnownApiToken {
    const row = this.tokenOf[secret] as number;
    const id = uuidOf(this.tokens.keyOf(row));
    const until = this.previousUntil.get(secret);
    const ends = Math.min(this.ends[row] as number, until ?? NEVER);
    return {
      id,
      username: this.usernames[row] as string,
      limits: this.limits[row] as TokenLimits,
      expiresAt: ends === NEVER ? undefined : ends,
      reference: { kind: 'api-token', id, name: this.names[row] },
      ...(until !== undefined && { replaced: true }),
    };
  }

  private shareUsername(username: string): string {
    const shared = this.sharedUsernames.get(username);
    if (shared !== undefined) return shared;
    this.sharedUsernames.set(username, username);
    return username;
  }

  private shareLimits(stored: StoredLimits): TokenLimits {
    const key = limitsKey(stored);
    const shared = this.sharedLimits.get(key);
    if (shared) return shared;
    const limits = compileLimits(stored);
    this.sharedLimits.set(key, limits);
    return limits;
  }
}

function wordsOf(bytes: Buffer, words: Uint32Array): Uint32Array {
  for (let i = 0; i < words.length; i++) words[i] = bytes.readUInt32BE(i * 4);
  return words;
}

function uuidOf(words: Uint32Array): string {
  let hex = '';
  for (const word of words) hex += word.toString(16).padStart(8, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Never written to: a load always makes an index of its own. */
export const NO_TOKENS = new TokenIndex();

export const TOKEN_INDEX = new SnapshotSlot<TokenIndex>('api-tokens', NO_TOKENS);
