const ZERO = 0x30;
const BILLION = 1e9;
const BILLION_DIGITS = 9;

/** No number is longer. */
export const MOST_NUMBER_BYTES = 25;

/**
 * Writes a number as JSON does, without the sign of a zero; answers where it ends. There must be room for
 * `MOST_NUMBER_BYTES`. Whole numbers, and above all small ones, are the quick ones.
 */
export function putNumber(bytes: Uint8Array, at: number, value: number): number {
  if (value >= 0 && (value | 0) === value) {
    if (value < 10) {
      bytes[at] = ZERO + value;
      return at + 1;
    }
    return putDigits(bytes, at, value, digitsOf(value));
  }
  if (value >= 0 && value <= Number.MAX_SAFE_INTEGER && Number.isInteger(value)) {
    const high = Math.floor(value / BILLION);
    const middle = putDigits(bytes, at, high, digitsOf(high));
    return putDigits(bytes, middle, value - high * BILLION, BILLION_DIGITS);
  }
  return putAscii(bytes, at, String(value));
}

/** A whole number below 2^31, with zeros in front. */
function putDigits(bytes: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value;
  for (let place = at + digits - 1; place > at; place--) {
    const tens = (rest / 10) | 0;
    bytes[place] = ZERO + rest - tens * 10;
    rest = tens;
  }
  bytes[at] = ZERO + rest;
  return at + digits;
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits += 1;
  return digits;
}

/** A text of characters below U+0080; answers where it ends. For short ones this is quicker than what Buffer has. */
export function putAscii(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}
