import fc from 'fast-check';
import { compileIpSet } from '../../../src/lib/ip-set.js';
import { clientAddress } from '../../../src/modules/restrictions/client-address.policy.js';

const rule = {
  enabled: true,
  header: 'x-forwarded-for',
  isTrusted: compileIpSet(['10.9.0.0/24', '2001:db8:ffff::/48']),
};
const PROXY = '10.9.0.2';
const xff = (...values: string[]): string[] => values.flatMap((value) => ['X-Forwarded-For', value]);

describe('the client address', () => {
  it('is the peer while reverse proxy compatibility is off', () => {
    expect(clientAddress(PROXY, xff('203.0.113.7'), { ...rule, enabled: false })).toBe(PROXY);
  });

  it('I-01 is the peer when the peer is no trusted proxy, whatever the header says', () => {
    expect(clientAddress('198.51.100.9', xff('203.0.113.7'), rule)).toBe('198.51.100.9');
  });

  it('I-03 joins several field lines in their order', () => {
    expect(clientAddress(PROXY, xff('203.0.113.7', '198.51.100.9'), rule)).toBe('198.51.100.9');
    expect(clientAddress(PROXY, xff('203.0.113.7', '10.9.0.3, 10.9.0.4'), rule)).toBe('203.0.113.7');
  });

  it('I-07 may be IPv6 in brackets with a port', () => {
    expect(clientAddress(PROXY, xff('[2001:db8:1::5]:443'), rule)).toBe('2001:db8:1::5');
  });

  it('I-09 is unknown for a zone id, which never matches anything', () => {
    expect(clientAddress(PROXY, xff('fe80::1%eth0'), rule)).toBeUndefined();
    expect(clientAddress(PROXY, xff('[fe80::1%25eth0]'), rule)).toBeUndefined();
  });

  it('I-11 is unknown, not the proxy, when the trusted proxy sends no header', () => {
    expect(clientAddress(PROXY, [], rule)).toBeUndefined();
  });

  it('I-13 comes from the configured header only', () => {
    const others = ['X_Forwarded_For', 'X-Real-IP', 'True-Client-IP', 'CF-Connecting-IP', 'Forwarded'];
    const rawHeaders = others.flatMap((name) => [name, '203.0.113.7']);
    expect(clientAddress(PROXY, rawHeaders, rule)).toBeUndefined();
  });

  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:4711', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['2001:DB8:0::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['[::ffff:203.0.113.7]:80', '203.0.113.7'],
    [' \t203.0.113.7\t ', '203.0.113.7'],
    ['203.0.113.7, 10.9.0.9', '203.0.113.7'],
    ['203.0.113.7,10.9.0.9:443,[2001:db8:ffff::1]:443', '203.0.113.7'],
    ['1.1.1.1, 203.0.113.7, 10.9.0.9', '203.0.113.7'],
    ['nonsense, 203.0.113.7', '203.0.113.7'],
    ['10.9.0.8, 10.9.0.9', '10.9.0.8'],
  ])('read from %j is %s', (value, expected) => {
    expect(clientAddress(PROXY, xff(value), rule)).toBe(expected);
  });

  it.each([
    '',
    ' ',
    ',',
    '203.0.113.7,',
    'unknown',
    '_hidden',
    'localhost',
    '203.0.113.7:',
    '203.0.113.7:port',
    '203.0.113.7:99999',
    '203.0.113.07',
    '[203.0.113.7]',
    '[2001:db8::1',
    '[2001:db8::1]x',
    '[]',
    '"203.0.113.7"',
    'for=203.0.113.7',
    '203.0.113.7 10.9.0.9',
    '203.0.113.7;10.9.0.9',
    'nonsense, 10.9.0.9',
    Array(200).fill('10.9.0.9').join(','),
  ])('is unknown for %j', (value) => {
    expect(clientAddress(PROXY, xff(value), rule)).toBeUndefined();
  });

  it('is never one that a client in front of the proxies wrote into the header', () => {
    const hop = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constant('10.9.0.77'));
    fc.assert(
      fc.property(fc.array(hop), (claimed) => {
        const line = [...claimed, '198.51.100.9', '10.9.0.3'].join(', ');
        expect(clientAddress(PROXY, xff(line), rule)).toBe('198.51.100.9');
      }),
    );
  });

  it('is an address or unknown for any header, and reading it never fails', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (values) => {
        const address = clientAddress(PROXY, xff(...values), rule);
        expect(address === undefined || /^[0-9a-f.:]+$/.test(address)).toBe(true);
      }),
    );
  });
});
