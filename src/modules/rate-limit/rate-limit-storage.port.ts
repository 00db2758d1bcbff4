import type { ThrottlerStorage } from '@nestjs/throttler';
import type { WindowCount } from '../../lib/sliding-windows.js';

export type { WindowCount };

export const RATE_LIMIT_STORAGE = Symbol('RATE_LIMIT_STORAGE');

/**
 * Where hits are counted. Each is also a `ThrottlerStorage`, so it serves Nest's own throttler guard as well.
 * Counts belong to the key alone: a changed limit or window judges the hits that were counted before it. A hit
 * is allowed when fewer than `limit` hits, refused ones included, lie in the window. Never rejects because
 * another system is away. Answers synchronously when it counts in the process.
 */
export interface RateLimitStorage extends ThrottlerStorage {
  hit(key: string, windowMs: number, limit: number): WindowCount | Promise<WindowCount>;
  /** How the window stands; counts nothing. */
  peek(key: string, windowMs: number, limit: number): WindowCount | Promise<WindowCount>;
}
