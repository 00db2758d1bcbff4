import { HeaderRules } from '../../../src/gateway/header-rules.js';
import { responseHeaders } from '../../../src/gateway/response-headers.js';

const rules = (): HeaderRules => new HeaderRules({ byKey: new Map() } as never);
const cacheOf = (of: HeaderRules): Map<string, unknown> =>
  (of as unknown as { cache: Map<string, unknown> }).cache;

describe('the rules of request fields', () => {
  it('are the same in every case and spelling, however often they were asked for', () => {
    const all = rules();
    for (const name of ['X-Ausername', 'x-ausername', 'X-AUSERNAME', 'X-Ausername']) {
      expect(all.of(name)).toMatchObject({ name: 'x-ausername', sent: name, drop: true });
    }
    expect(all.of('Authorization')).toMatchObject({ credential: true, field: 'authorization' });
    expect(all.of('AUTHORIZATION')).toMatchObject({ credential: true, field: 'authorization' });
    expect(all.of('X_API_Token')).toMatchObject({ disguised: true });
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'has_own-property', 'valueof'])(
    '%s is a name as any other',
    (name) => {
      const all = rules();
      for (let i = 0; i < 2; i++) {
        expect(all.of(name)).toEqual({
          name: name.toLowerCase(),
          sent: name,
          drop: false,
          dropWithIdentity: false,
          credential: false,
          disguised: false,
          field: undefined,
        });
      }
    },
  );

  it('are remembered for a bounded number of bounded names', () => {
    const all = rules();
    const long = `x-forwarded-${'a'.repeat(16_000)}`;
    expect([all.of(long).drop, all.of(long).drop]).toEqual([true, true]);
    expect(cacheOf(all).size).toBe(0);
    for (let i = 0; i < 10_000; i++) all.of(`x-made-up-${i}`);
    expect(cacheOf(all).size).toBeLessThanOrEqual(2000);
  });

  it('find room for usual names again after a flood of names that were made up', () => {
    const all = rules();
    for (let i = 0; i < 10_000; i++) all.of(`x-made-up-${i}`);
    const first = all.of('Accept');
    expect(all.of('Accept')).toBe(first);
  });
});

describe('the rules of answer fields', () => {
  const answered = (...names: string[]): string[] => {
    const raw = names.flatMap((name) => [Buffer.from(name), Buffer.from('value')]);
    const { headers } = responseHeaders(raw, {
      login: 'none',
      dropRate: true,
      rewriteLocation: () => 'elsewhere',
    });
    return headers.filter((_, i) => i % 2 === 0);
  };

  it('are the same in every case, before and after a flood of names', () => {
    const dropped = ['Set-Cookie', 'SET-COOKIE', 'set-cookie', 'WWW-Authenticate', 'RateLimit', 'UPGRADE'];
    expect(answered(...dropped, 'Location', '__proto__', 'constructor')).toEqual([
      'Location',
      '__proto__',
      'constructor',
    ]);
    for (let i = 0; i < 3000; i++) answered(`X-Made-Up-${i}`, `x-${'long'.repeat(100)}-${i}`);
    expect(answered(...dropped, 'Set-cookie', 'ETag')).toEqual(['ETag']);
  });
});
