import { randomFillSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

const BYTES = 16;
const pool = new Uint8Array(256 * BYTES);
let at = pool.length;

/** A uuid v7 (RFC 9562). Random bytes are drawn 256 ids at a time: one system call each is dear on the hot path. */
export function newEventId(): string {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  const random = pool.slice(at, at + BYTES);
  at += BYTES;
  return uuidv7({ random });
}
