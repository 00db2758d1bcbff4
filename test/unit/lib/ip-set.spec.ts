import fc from 'fast-check';
import { compileIpSet, normaliseIp, parseIpEntry } from '../../../src/lib/ip-set.js';

describe('an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:c000:0201', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['::192.0.2.1', '::c000:201'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ])('%s is %s', (text, expected) => {
    expect(normaliseIp(text)).toBe(expected);
    expect(parseIpEntry(text)?.text).toBe(expected);
  });

  it.each([
    '',
    ' 192.0.2.1',
    '192.0.2.1 ',
    '192.0.2',
    '192.0.2.1.5',
    '192.0.2.256',
    '192.0.2.-1',
    '192.0..1',
    '010.0.0.1',
    '192.0.2.01',
    '0x7f.0.0.1',
    '2130706433',
    '１.1.1.1',
    'fe80::1%eth0',
    '::ffff:010.0.0.1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '::1::2',
    '[::1]',
    'localhost',
    '1'.repeat(1000),
  ])('is not %j', (text) => {
    expect(normaliseIp(text)).toBeUndefined();
    expect(parseIpEntry(text)).toBeUndefined();
  });
});

describe('a range', () => {
  it.each([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.1.2.3/32', '10.1.2.3'],
    ['2001:db8::1/32', '2001:db8::/32'],
    ['2001:db8::1/128', '2001:db8::1'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::/0', '::/0'],
  ])('%s is written as %s', (text, expected) => {
    expect(parseIpEntry(text)?.text).toBe(expected);
  });

  it.each([
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '::/129',
    '::/1e1',
    '/8',
    '10/8',
  ])('is not %j', (text) => {
    expect(parseIpEntry(text)).toBeUndefined();
  });
});

describe('a set of addresses', () => {
  it.each([
    ['192.0.2.1/32', '192.0.2.1', true],
    ['192.0.2.1/32', '192.0.2.2', false],
    ['192.0.2.0/31', '192.0.2.0', true],
    ['192.0.2.0/31', '192.0.2.1', true],
    ['192.0.2.0/31', '192.0.2.2', false],
    ['0.0.0.0/0', '203.0.113.7', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '203.0.113.7', false],
    ['::/0', '::ffff:203.0.113.7', false],
    ['::ffff:0:0/96', '203.0.113.7', true],
    ['::ffff:0:0/96', '2001:db8::1', false],
    ['203.0.113.0/24', '::ffff:203.0.113.7', true],
    ['::ffff:203.0.113.7', '203.0.113.7', true],
    ['fe80::/10', 'fe80::1', true],
    ['fe80::/10', 'fe80::1%eth0', false],
  ])('I-15 %s and the address %s: %s', (entry, address, expected) => {
    expect(compileIpSet([entry])(address)).toBe(expected);
  });

  it('holds nothing when it is empty', () => {
    expect(compileIpSet([])('192.0.2.1')).toBe(false);
  });

  it('leaves out what lies between two entries, however near they are', () => {
    const holds = compileIpSet(['192.0.2.0', '192.0.2.2', '2001:db8::', '2001:db8::2']);
    expect(['192.0.2.1', '2001:db8::1'].map(holds)).toEqual([false, false]);
    expect(['192.0.2.0', '192.0.2.2', '2001:db8::', '2001:db8::2'].map(holds)).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  it('is refused with an entry that is none', () => {
    expect(() => compileIpSet(['10.0.0.0/8', '010.0.0.1'])).toThrow('neither an address nor a CIDR range');
  });

  it.each(['', 'x', '10.1', '10.0.0.1 ', '[10.0.0.1]'])('does not hold what is no address: %j', (text) => {
    expect(compileIpSet(['0.0.0.0/0', '::/0'])(text)).toBe(false);
  });

  it('answers as going through the ranges one by one does', () => {
    const octet = fc.integer({ min: 0, max: 3 });
    const address = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.'));
    const group = fc.constantFrom('0', '1', 'ffff');
    const ipv6 = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':'));
    const entry = fc.oneof(
      fc.tuple(address, fc.integer({ min: 0, max: 32 })).map((parts) => parts.join('/')),
      fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })).map((parts) => parts.join('/')),
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), fc.oneof(address, ipv6), (entries, asked) => {
        const one = parseIpEntry(asked)!;
        const expected = entries
          .map((text) => parseIpEntry(text)!)
          .some(
            ({ family, first, last }) => family === one.family && first <= one.first && one.first <= last,
          );
        const holds = compileIpSet(entries);
        expect(holds(asked)).toBe(expected);
        expect(holds(asked)).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });
});
