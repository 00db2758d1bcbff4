import fc from 'fast-check';
import { canonicalPath, isPathFault } from '../../../src/gateway/canonical-path.js';

function pathOf(raw: string): string {
  const result = canonicalPath(raw);
  if (isPathFault(result)) throw new Error(`${raw} was refused: ${result}`);
  return result.path;
}

describe('the canonical path', () => {
  it.each([
    ['/rest/api/2/issue/X-1', '/rest/api/2/issue/X-1'],
    ['/rest/api/2/%69ssue', '/rest/api/2/issue'],
    ['/rest/%7Ealice', '/rest/~alice'],
    ['/rest/a%20b', '/rest/a%20b'],
    ['/rest/C%23', '/rest/C%23'],
    ['/rest/100%25', '/rest/100%25'],
    ['/rest/%e2%82%ac', '/rest/%E2%82%AC'],
    ['/rest/a...b.txt', '/rest/a...b.txt'],
    ['/rest/...', '/rest/...'],
    ['/rest/.hidden', '/rest/.hidden'],
    ['/rest/a/', '/rest/a/'],
    ['/', '/'],
    ["/rest/o'brien+x@example.com:1,2!$&()*=", "/rest/o'brien+x@example.com:1,2!$&()*="],
    ['/rest/%252e%252e', '/rest/%252e%252e'],
  ])('of %s is %s', (raw, path) => {
    expect(pathOf(raw)).toBe(path);
  });

  it.each([
    ['', 'does not begin with a slash'],
    ['rest', 'does not begin with a slash'],
    ['*', 'does not begin with a slash'],
    ['/a/../b', 'dot segment'],
    ['/a/..', 'dot segment'],
    ['/./a', 'dot segment'],
    ['/a/%2e%2E/b', 'dot segment'],
    ['/a/.%2e/b', 'dot segment'],
    ['/a/%2e', 'dot segment'],
    ['//a', 'empty segment'],
    ['/a//b', 'empty segment'],
    ['/a;b=1/c', 'semicolon'],
    ['/a%3Bb', 'semicolon'],
    ['/a\\b', 'backslash'],
    ['/a%5cb', 'backslash'],
    ['/a%2fb', 'encoded slash'],
    ['/a%2Fb', 'encoded slash'],
    ['/a#b', 'fragment'],
    ['/a%00', 'control character'],
    ['/a%0d%0a', 'control character'],
    ['/a%7f', 'control character'],
    ['/a\u0001', 'control character'],
    ['/a b', 'control character'],
    ['/a\u00e9', 'non-ASCII byte'],
    ['/a%', 'invalid escape'],
    ['/a%2', 'invalid escape'],
    ['/a%zz', 'invalid escape'],
    ['/a%c0%af', 'invalid UTF-8'],
    ['/a%e0%80%af', 'invalid UTF-8'],
    ['/a%ed%a0%80', 'invalid UTF-8'],
    ['/a%f4%90%80%80', 'invalid UTF-8'],
    ['/a%c2%85', 'invalid UTF-8'],
    ['/a%e2%82', 'invalid UTF-8'],
    ['/a%80', 'invalid UTF-8'],
  ])('refuses %j as %s', (raw, fault) => {
    expect(canonicalPath(raw)).toBe(fault);
  });

  it('is exact only when nothing was changed and no %25 is left to decode elsewhere', () => {
    const exact = (raw: string): boolean => (canonicalPath(raw) as { exact: boolean }).exact;
    expect(exact('/rest/api/2/serverInfo')).toBe(true);
    expect(exact('/rest/a%20b')).toBe(true);
    expect(exact('/rest/api/2/server%49nfo')).toBe(false);
    expect(exact('/rest/a%e2%82%ac')).toBe(false);
    expect(exact('/rest/100%25')).toBe(false);
  });

  const piece = fc.oneof(
    fc.constantFrom(
      '/',
      '//',
      '.',
      '..',
      '%2e',
      '%2E',
      '%2f',
      '%5c',
      ';',
      '%3b',
      '%25',
      '%252e',
      '%00',
      '%c0%af',
      '%e2%82%ac',
      '#',
      '\\',
      'a',
      'rest',
      'api',
      '~',
      '%7E',
      '%41',
      '%',
      '%z',
      '+',
      '@',
    ),
    fc.string({ maxLength: 3 }),
  );
  const path = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`);

  it('is idempotent: what was accepted is accepted again, unchanged', () => {
    fc.assert(
      fc.property(path, (raw) => {
        const once = canonicalPath(raw);
        if (isPathFault(once)) return;
        expect(pathOf(once.path)).toBe(once.path);
      }),
      { numRuns: 5000 },
    );
  });

  it('maps to the same resource as a servlet container that drops parameters, decodes once and resolves dots', () => {
    fc.assert(
      fc.property(path, (raw) => {
        const result = canonicalPath(raw);
        if (isPathFault(result)) return;
        const decoded = decodeURIComponent(result.path);
        const withoutParameters = raw
          .split('/')
          .map((segment) => segment.split(';')[0])
          .join('/');
        const container = new URL(
          `http://host${decodeURIComponent(withoutParameters).replace(/[?#%]/g, '_').replace(/\\/g, '/')}`,
        ).pathname;
        const ours = new URL(`http://host${decoded.replace(/[?#%]/g, '_')}`).pathname;
        expect(ours).toBe(container.replace(/\/{2,}/g, '/'));
      }),
      { numRuns: 5000 },
    );
  });
});
