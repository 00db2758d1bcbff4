import fc from 'fast-check';
import { compileAntPattern, compilePatternSet, isValidAntPattern } from '../../../src/lib/ant-pattern.js';

describe('an Ant-style pattern', () => {
  it.each([
    ['/rest/api/2/serverInfo', '/rest/api/2/serverInfo', true],
    ['/rest/api/2/serverInfo', '/rest/api/2/serverInfoX', false],
    ['/rest/api/2/serverInfo', '/rest/api/2/serverInfo/', false],
    ['/rest/api/2/serverInfo', '/rest/api/2/serverinfo', false],
    ['/rest/api/2/issue/*', '/rest/api/2/issue/X-1', true],
    ['/rest/api/2/issue/*', '/rest/api/2/issue/', false],
    ['/rest/api/2/issue/*', '/rest/api/2/issue', false],
    ['/rest/api/2/issue/*', '/rest/api/2/issue/X-1/comment', false],
    ['/rest/api/2/issue/**', '/rest/api/2/issue', true],
    ['/rest/api/2/issue/**', '/rest/api/2/issue/', true],
    ['/rest/api/2/issue/**', '/rest/api/2/issue/X-1/comment/7', true],
    ['/rest/api/2/issue/**', '/rest/api/2/issues', false],
    ['/rest/**/comment', '/rest/comment', true],
    ['/rest/**/comment', '/rest/api/2/issue/X-1/comment', true],
    ['/rest/**/comment', '/rest/api/2/issue/X-1/comments', false],
    ['/a/**/b/**/c', '/a/b/x/b/c/c', true],
    ['/a/**/b/**/c', '/a/b/x/c/b', false],
    ['/rest/ap?/2', '/rest/api/2', true],
    ['/rest/ap?/2', '/rest/ap/2', false],
    ['/rest/ap?/2', '/rest/ap//2', false],
    ['/rest/a*i/2', '/rest/api/2', true],
    ['/rest/a*i/2', '/rest/ai/2', true],
    ['/rest/a*i/2', '/rest/a/i/2', false],
    ['/**', '/', true],
    ['/**', '/anything/at/all', true],
    ['/*', '/', false],
    ['/', '/', true],
    ['/x', '', false],
    ['/x', 'x', false],
    ['/a+(b)$', '/a+(b)$', true],
  ])('%s and the path %s: %s', (pattern, path, expected) => {
    expect(compileAntPattern(pattern)(path)).toBe(expected);
  });

  it.each([
    ['', 'begin with /'],
    ['rest/api', 'begin with /'],
    [`/${'x'.repeat(500)}`, 'at most 500'],
    ['/rest//api', 'empty segments'],
    ['/rest/./api', 'dot segments'],
    ['/rest/../api', 'dot segments'],
    ['/rest/..', 'dot segments'],
    ['/rest/%2e%2e/api', 'upper-case'],
    ['/rest/%2E%2E/api', 'write them plainly'],
    ['/rest/%41', 'write them plainly'],
    ['/rest/%2Fapi', 'encoded /'],
    ['/rest/%2fapi', 'encoded /'],
    ['/rest;x=1/api', 'must not hold ;'],
    ['/rest/%3Bx', 'encoded /'],
    ['/rest\\api', 'must not hold ;'],
    ['/rest/\u0000', 'control characters'],
    ['/rest/%00', 'encoded control characters'],
    ['/rest/%7F', 'encoded control characters'],
    ['/rest/café', 'ASCII only'],
    ['/rest/%C3', 'valid UTF-8'],
    ['/rest/a b', 'must escape'],
    ['/rest/%zz', 'upper-case hexadecimal'],
    ['/rest/a**', 'whole segment'],
    ['/rest/**a', 'whole segment'],
    ['/rest/***', 'whole segment'],
    ['/rest#x', 'must not hold ;'],
  ])('%j is refused: %s', (pattern, message) => {
    expect(isValidAntPattern(pattern)).toContain(message);
    expect(() => compileAntPattern(pattern)).toThrow();
  });

  it.each(['/', '/**', '/rest/caf%C3%A9', '/rest/C%23', '/rest/100%25', '/rest/a...b', "/rest/!$&'()+,=:@"])(
    '%s is accepted',
    (pattern) => {
      expect(isValidAntPattern(pattern)).toBeUndefined();
    },
  );
});

const segment = fc.stringMatching(/^[ab]{1,3}$/);
const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map((parts) => `/${parts.join('/')}`);
const patternSegment = fc.oneof(segment, fc.constantFrom('*', '**', 'a*', '*b', '?', 'a?', '*a*b'));
const pattern = fc
  .array(patternSegment, { minLength: 1, maxLength: 5 })
  .map((parts) => `/${parts.join('/')}`);

/** Says the same in another way: what the pattern means, by going through all splits. */
function meant(patternParts: readonly string[], parts: readonly string[]): boolean {
  const [first, ...rest] = patternParts;
  if (first === undefined) return parts.length === 0;
  if (first === '**') return meant(rest, parts) || (parts.length > 0 && meant(patternParts, parts.slice(1)));
  const [head, ...tail] = parts;
  if (head === undefined) return false;
  const source = first === '*' ? '.+' : first.replace(/[*?]/g, (sign) => (sign === '*' ? '.*' : '.'));
  return new RegExp(`^${source}$`).test(head) && meant(rest, tail);
}

describe('matching', () => {
  it('means what the pattern says, for any pattern and path', () => {
    fc.assert(
      fc.property(pattern, path, (given, asked) => {
        const expected = meant(given.slice(1).split('/'), asked.slice(1).split('/'));
        expect(compileAntPattern(given)(asked)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('of a set answers the first listed entry that matches and is accepted', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 30 }), path, (patterns, asked) => {
        const set = compilePatternSet(patterns.map((text, value) => ({ pattern: text, value })));
        const hits = patterns
          .map((_, index) => index)
          .filter((index) => compileAntPattern(patterns[index]!)(asked));
        expect(set.match(asked)).toBe(hits[0]);
        expect(set.match(asked, (value) => value % 2 === 1)).toBe(hits.find((index) => index % 2 === 1));
      }),
      { numRuns: 500 },
    );
  });

  it('ends soon for patterns made to backtrack', () => {
    const stars = compileAntPattern(`/${'*a'.repeat(200)}b`);
    const deep = compileAntPattern(`/${'**/a/'.repeat(90)}b`);
    expect(stars(`/${'a'.repeat(8000)}`)).toBe(false);
    expect(deep(`/${'a/'.repeat(4000)}`)).toBe(false);
  });

  it('of an empty set finds nothing', () => {
    expect(compilePatternSet([]).match('/')).toBeUndefined();
  });
});
