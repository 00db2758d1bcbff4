import { randomFillSync } from 'node:crypto';

const IDS = 512;
const RANDOM_BYTES = 10;
const RANDOM_DIGITS = 2 * RANDOM_BYTES;
const random = Buffer.alloc(IDS * RANDOM_BYTES);
let digits = '';
let at = 0;
/** The time half of the last id: it changes once a millisecond, not with every request. */
let lastTime = -1;
let timePart = '';

/**
 * A uuid v7 (RFC 9562 section 5.7). Every request needs one: random digits are drawn for 512 ids at a time, and the
 * text is put together from slices of them.
 */
export function newEventId(now: number = Date.now()): string {
  if (at === digits.length) draw();
  if (now !== lastTime) {
    const hex = now.toString(16).padStart(12, '0');
    timePart = `${hex.slice(0, 8)}-${hex.slice(8)}-7`;
    lastTime = now;
  }
  const id = `${timePart}${digits.slice(at + 1, at + 4)}-${digits.slice(at + 4, at + 8)}-${digits.slice(at + 8, at + RANDOM_DIGITS)}`;
  at += RANDOM_DIGITS;
  return id;
}

function draw(): void {
  randomFillSync(random);
  // The variant: the two highest bits of the third byte are 10.
  for (let i = 2; i < random.length; i += RANDOM_BYTES) random[i] = ((random[i] as number) & 0x3f) | 0x80;
  digits = random.toString('hex');
  at = 0;
}
