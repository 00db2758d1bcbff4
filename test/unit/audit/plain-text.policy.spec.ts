import fc from 'fast-check';
import { isPlain } from '../../../src/modules/audit/plain-text.policy.js';

/** Everything that must get a second look, said in another way. */
const SUSPICIOUS =
  /[^\x20-\x7e]|rgt_|eyJ|BBDC-|gh[opsur]_|github_pat_|glpat-|xox[a-z]-|-----BEGIN|Bearer |Basic |[\w+/=-]{40}/i;

const PIECES = [
  ...[
    'rgt_',
    'RGT_',
    'rg',
    't_',
    'eyJ',
    'EYJ',
    'ey',
    'j',
    'BBDC-',
    'bbdc',
    '-',
    '_',
    ' ',
    'ghp_',
    'gho',
    'github_pat_',
  ],
  ...[
    'glpat-',
    'xoxb-',
    'xox',
    '-----BEGIN',
    '--',
    'Bearer ',
    'bearer',
    'BASIC ',
    'a'.repeat(39),
    'b',
    '/',
    '=',
    'é',
  ],
  ...['\u0000', '\u007f', '\u202e', 'rest', '"', '\\', '.'],
];

describe('A text that needs no second look', () => {
  it.each([
    '',
    '/rest/api/2/issue/ABC-1',
    'curl/8.5.0',
    'Mozilla/5.0 (X11; Linux x86_64)',
    'basic.auth',
    'a'.repeat(39),
  ])('is %j', (text) => expect(isPlain(text)).toBe(true));

  it.each([
    'rgt_',
    'x BEARER y',
    'eyJhbGciOi',
    '/a/glpat-1',
    'xoxb-1',
    '-----BEGIN KEY',
    'é',
    '\n',
    'a'.repeat(40),
  ])('is not %j', (text) => expect(isPlain(text)).toBe(false));

  it('is never one that holds the beginning of a secret, a long word or anything but printable ASCII', () => {
    const texts = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 4 })), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(texts, (parts) => {
        const text = parts.join('');
        return !SUSPICIOUS.test(text) || !isPlain(text);
      }),
      { numRuns: 20_000 },
    );
  });
});
