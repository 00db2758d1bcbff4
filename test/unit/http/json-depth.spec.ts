import { isDeeperThan } from '../../../src/lib/json-depth.js';

describe('the depth of a JSON text', () => {
  it.each([
    ['{"a":[1]}', 2, false],
    ['{"a":[1]}', 1, true],
    ['"[[[[[["', 0, false],
    ['{"a":"\\"[[["}', 1, false],
    ['[[],[],[]]', 2, false],
    ['[[[', 2, true],
    ['"unfinished \\', 0, false],
  ])('%s deeper than %i: %s', (json, limit, expected) => {
    expect(isDeeperThan(json, limit)).toBe(expected);
  });
});
