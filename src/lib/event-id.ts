import { randomFillSync } from 'node:crypto';

const RANDOM_BYTES = 10;
const pool = Buffer.alloc(512 * RANDOM_BYTES);
let at = pool.length;
/** The time half of the last id: it changes once a millisecond, not with every request. */
let lastTime = -1;
let timePart = '';

/**
 * A uuid v7 (RFC 9562 section 5.7). Every request needs one: random bytes are drawn for 512 ids at a time, and the
 * text is put together from slices instead of byte by byte.
 */
export function newEventId(now: number = Date.now()): string {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  if (now !== lastTime) {
    const hex = now.toString(16).padStart(12, '0');
    timePart = `${hex.slice(0, 8)}-${hex.slice(8)}-7`;
    lastTime = now;
  }
  // The variant: the two highest bits are 10.
  pool[at + 2] = ((pool[at + 2] as number) & 0x3f) | 0x80;
  const random = pool.toString('hex', at, at + RANDOM_BYTES);
  at += RANDOM_BYTES;
  return `${timePart}${random.slice(1, 4)}-${random.slice(4, 8)}-${random.slice(8)}`;
}
