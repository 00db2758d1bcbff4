import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import {
  checksumOf,
  digestOf,
  generateToken,
  isWellFormedToken,
  shownPrefixOf,
} from '../../../src/modules/tokens/token-format.policy.js';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const NOT_IN_ALPHABET = [...'-_+/= .\n\t\u00e9\u0000'];

/** The CRC-32 of the standards (IEEE 802.3), bit by bit, so that nothing is shared with the code under test. */
function crc32Of(text: string): number {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function numberOf(digits: string): number {
  return [...digits].reduce((number, digit) => number * 62 + ALPHABET.indexOf(digit), 0);
}

const body = fc
  .array(fc.constantFrom(...ALPHABET), { minLength: 40, maxLength: 40 })
  .map((letters) => `rgt_${letters.join('')}`);
const token = body.map((text) => text + checksumOf(text));

describe('the format of API tokens', () => {
  it('makes rgt_, 40 base62 characters and 6 of checksum', () => {
    const made = generateToken(randomBytes);
    expect(made).toMatch(/^rgt_[0-9A-Za-z]{46}$/);
    expect(numberOf(made.slice(44))).toBe(crc32Of(made.slice(0, 44)));
  });

  it('pads a small checksum with zeros to 6 digits', () => {
    fc.assert(
      fc.property(body, (text) => {
        const checksum = checksumOf(text);
        expect(checksum).toHaveLength(6);
        expect(numberOf(checksum)).toBe(crc32Of(text));
      }),
    );
  });

  it('accepts every token that it can make', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 40 }), (bytes) => {
        const source = (length: number): Uint8Array =>
          bytes.some((byte) => byte < 248) ? bytes : randomBytes(length);
        expect(isWellFormedToken(generateToken(source))).toBe(true);
      }),
    );
  });

  it('gives every character the same chance: bytes that would favour some are thrown away', () => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const counts = new Map<string, number>();
    for (const byte of all) {
      let given = false;
      const secret = generateToken((length) => {
        if (given) return new Uint8Array(length).fill(61);
        given = true;
        return Uint8Array.of(byte);
      })[4] as string;
      if (byte < 248) counts.set(secret, (counts.get(secret) ?? 0) + 1);
      else expect(secret).toBe('z');
    }
    expect([...counts.keys()].sort()).toEqual([...ALPHABET].sort());
    expect(new Set(counts.values())).toEqual(new Set([4]));
  });

  it('asks for more random bytes until 40 are usable', () => {
    let calls = 0;
    const made = generateToken((length) => new Uint8Array(length).fill(calls++ === 0 ? 255 : 10));
    expect(calls).toBe(2);
    expect(made.slice(4, 44)).toBe('A'.repeat(40));
  });

  it('T-11 refuses a token of which any one character was changed', () => {
    fc.assert(
      fc.property(
        token,
        fc.nat({ max: 49 }),
        fc.constantFrom(...ALPHABET, ...NOT_IN_ALPHABET),
        (text, at, letter) => {
          fc.pre(text[at] !== letter);
          expect(isWellFormedToken(text.slice(0, at) + letter + text.slice(at + 1))).toBe(false);
        },
      ),
    );
  });

  it.each([
    ['a line break after it', (text: string) => `${text}\n`],
    ['base64 padding after it', (text: string) => `${text}==`],
    ['a space before it', (text: string) => ` ${text}`],
    ['a missing last character', (text: string) => text.slice(0, -1)],
    ['a repeated last character', (text: string) => text + text.slice(-1)],
    ['an upper-case prefix', (text: string) => `RGT_${text.slice(4)}`],
    [
      'another prefix with a right checksum',
      (text: string) => `rgt-${text.slice(4, 44)}` + checksumOf(`rgt-${text.slice(4, 44)}`),
    ],
    ['nothing but the prefix', () => 'rgt_'],
    ['an empty value', () => ''],
    ['full-width digits', (text: string) => text.slice(0, 49) + '\uff11'],
  ])('T-03 refuses %s', (_what, change) => {
    const good = generateToken(randomBytes);
    expect(isWellFormedToken(good)).toBe(true);
    expect(isWellFormedToken(change(good))).toBe(false);
  });

  it('refuses every other text of any length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 120, unit: 'binary' }), (text) => {
        expect(isWellFormedToken(text)).toBe(false);
        expect(isWellFormedToken(`rgt_${text}`)).toBe(false);
      }),
    );
  });

  it('keeps a token as its SHA-256', () => {
    fc.assert(
      fc.property(token, (text) => {
        expect(digestOf(text).equals(createHash('sha256').update(text).digest())).toBe(true);
      }),
    );
  });

  it('shows the prefix and 8 characters, less than a fifth of the secret', () => {
    expect(shownPrefixOf(`rgt_AbCd1234${'x'.repeat(38)}`)).toBe('rgt_AbCd1234');
  });
});
