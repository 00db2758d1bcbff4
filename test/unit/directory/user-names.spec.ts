import { sameUserName } from '../../../src/modules/directory/directory.port.js';

describe('the same user name', () => {
  it.each([
    ['alice', 'alice', true],
    ['alice', 'ALICE', true],
    ['Zoë', 'zOË', true],
    ['alice', 'alicf', false],
    ['alice', 'alice ', false],
    ['kelvin', '\u212Aelvin', false],
    ['sam', '\u017Fam', false],
    ['ivan', '\u0131van', false],
    ['strasse', 'straße', false],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(sameUserName(a, b)).toBe(expected);
    expect(sameUserName(b, a)).toBe(expected);
  });
});
