import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { API_TOKEN_PREFIX } from './tokens.port.js';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_LENGTH = 40;
const CHECKSUM_LENGTH = 6;
const BODY_LENGTH = API_TOKEN_PREFIX.length + SECRET_LENGTH;
const TOKEN_LENGTH = BODY_LENGTH + CHECKSUM_LENGTH;
/** Bytes from here on would make the first letters of the alphabet likelier than the others. */
const UNBIASED_BYTES = 256 - (256 % ALPHABET.length);
const SHOWN_LENGTH = API_TOKEN_PREFIX.length + 8;

const IN_ALPHABET = new Uint8Array(128);
for (const letter of ALPHABET) IN_ALPHABET[letter.charCodeAt(0)] = 1;

/** A new token: `rgt_`, 40 unbiased base62 characters of `random` (238 bits), 6 characters of checksum. */
export function generateToken(random: (bytes: number) => Uint8Array): string {
  let secret = '';
  while (secret.length < SECRET_LENGTH) {
    for (const byte of random(SECRET_LENGTH)) {
      if (byte < UNBIASED_BYTES && secret.length < SECRET_LENGTH) secret += ALPHABET[byte % ALPHABET.length];
    }
  }
  const body = API_TOKEN_PREFIX + secret;
  return body + checksumOf(body);
}

/**
 * True for a complete token of ours: exact length, prefix, alphabet and checksum. Anything else (padding, line
 * breaks, a letter changed) can be refused without a look-up. Says nothing about whether it was ever issued.
 */
export function isWellFormedToken(value: string): boolean {
  if (value.length !== TOKEN_LENGTH || !value.startsWith(API_TOKEN_PREFIX)) return false;
  for (let at = API_TOKEN_PREFIX.length; at < TOKEN_LENGTH; at++) {
    if (IN_ALPHABET[value.charCodeAt(at)] !== 1) return false;
  }
  return value.endsWith(checksumOf(value.slice(0, BODY_LENGTH)));
}

/** CRC-32 (IEEE) of the text as 6 base62 digits, left-padded with `0`. */
export function checksumOf(body: string): string {
  let rest = crc32(body);
  let digits = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    digits = (ALPHABET[rest % ALPHABET.length] ?? '') + digits;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return digits;
}

/** SHA-256 of the token: all that is ever stored of it. */
export function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

/** The first characters, by which people tell their tokens apart: `rgt_AbCd1234`. */
export function shownPrefixOf(token: string): string {
  return token.slice(0, SHOWN_LENGTH);
}
