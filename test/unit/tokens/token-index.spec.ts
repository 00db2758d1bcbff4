import { randomBytes } from 'node:crypto';
import { digestOf, generateToken } from '../../../src/modules/tokens/token-format.policy.js';
import { TokenIndex } from '../../../src/modules/tokens/token-index.repository.js';
import type { IndexedToken } from '../../../src/modules/tokens/token-index.repository.js';

const NOW = 1_700_000_000_000;
const ID = '0190aaaa-0001-7001-8001-00000000000a';

function tokenRow(secret: string, changes: Partial<IndexedToken> = {}): IndexedToken {
  return {
    id: Buffer.from(ID.replaceAll('-', ''), 'hex'),
    digest: digestOf(secret),
    username: 'alice',
    name: 'ci',
    scope: 'read',
    applications: null,
    paths: null,
    allowedIps: null,
    expiresAt: null,
    revoked: false,
    previousDigest: null,
    previousUntil: null,
    ...changes,
  };
}

describe('the index of tokens in memory', () => {
  const first = generateToken(randomBytes);
  const second = generateToken(randomBytes);

  it('finds a token by its SHA-256 and describes it', () => {
    const index = new TokenIndex();
    index.put(tokenRow(first, { expiresAt: NOW + 1000 }));
    const row = index.find(digestOf(first));
    expect(index.tokenAt(row)).toEqual({
      id: ID,
      username: 'alice',
      limits: { scope: 'read' },
      expiresAt: NOW + 1000,
      reference: { kind: 'api-token', id: ID, name: 'ci' },
    });
    expect(index.tokenAt(row)).toBe(index.tokenAt(row));
    expect(index.find(digestOf(second))).toBe(-1);
  });

  it.each([
    ['active for ever', {}, 'active'],
    ['active before its end', { expiresAt: NOW + 1 }, 'active'],
    ['expired at its end', { expiresAt: NOW }, 'expired'],
    ['revoked, also when it is expired', { expiresAt: NOW - 1, revoked: true }, 'revoked'],
  ])('knows a token that is %s', (_what, changes, state) => {
    const index = new TokenIndex();
    index.put(tokenRow(first, changes));
    expect(index.stateOf(index.find(digestOf(first)), NOW)).toBe(state);
  });

  it('answers nothing old after a token was changed', () => {
    const index = new TokenIndex();
    index.put(tokenRow(first));
    const before = index.tokenAt(index.find(digestOf(first)));
    index.put(tokenRow(first, { scope: 'write', name: 'renamed' }));
    const after = index.tokenAt(index.find(digestOf(first)));
    expect(before.limits.scope).toBe('read');
    expect(after).toMatchObject({ limits: { scope: 'write' }, reference: { name: 'renamed' } });
    expect(index.size).toBe(1);
  });

  it('keeps the secret before a rotation until its overlap ends, as the same token', () => {
    const index = new TokenIndex();
    index.put(tokenRow(first));
    index.put(
      tokenRow(second, { previousDigest: digestOf(first), previousUntil: NOW + 1000, expiresAt: NOW + 9000 }),
    );
    const [old, current] = [index.find(digestOf(first)), index.find(digestOf(second))];
    expect(index.tokenAt(old)).toMatchObject({ id: ID, replaced: true, expiresAt: NOW + 1000 });
    expect(index.tokenAt(current)).toMatchObject({ id: ID, expiresAt: NOW + 9000 });
    expect(index.tokenAt(current)).not.toHaveProperty('replaced');
    expect([index.stateOf(old, NOW + 999), index.stateOf(old, NOW + 1000)]).toEqual(['active', 'revoked']);
    expect(index.stateOf(current, NOW + 1000)).toBe('active');
  });

  it('ends the replaced secret together with the token', () => {
    const index = new TokenIndex();
    const rotated = { previousDigest: digestOf(first), previousUntil: NOW + 1000 };
    index.put(tokenRow(second, { ...rotated, expiresAt: NOW + 10 }));
    expect(index.stateOf(index.find(digestOf(first)), NOW + 10)).toBe('expired');
    index.put(tokenRow(second, { ...rotated, revoked: true }));
    expect(index.stateOf(index.find(digestOf(first)), NOW)).toBe('revoked');
  });

  it('forgets a deleted token and both its secrets', () => {
    const index = new TokenIndex();
    index.put(tokenRow(second, { previousDigest: digestOf(first), previousUntil: NOW }));
    index.remove(tokenRow(second).id);
    index.remove(tokenRow(second).id);
    expect([index.size, index.find(digestOf(first)), index.find(digestOf(second))]).toEqual([0, -1, -1]);
    index.put(tokenRow(first, { id: randomBytes(16), username: 'bob' }));
    expect(index.tokenAt(index.find(digestOf(first))).username).toBe('bob');
  });

  it('shares the compiled limits of tokens that have the same', () => {
    const index = new TokenIndex();
    const limits = { applications: ['jira'], paths: ['/rest/api/2/issue/**'], allowedIps: ['10.0.0.0/8'] };
    index.put(tokenRow(first, limits));
    index.put(tokenRow(second, { ...limits, id: randomBytes(16) }));
    const [a, b] = [first, second].map((secret) => index.tokenAt(index.find(digestOf(secret))).limits);
    expect(a).toBe(b);
    expect(a?.applications?.has('jira')).toBe(true);
    expect([a?.allowsPath?.('/rest/api/2/issue/X-1'), a?.allowsPath?.('/rest/api/2/myself')]).toEqual([
      true,
      false,
    ]);
    expect([a?.allowsIp?.('10.1.2.3'), a?.allowsIp?.('11.1.2.3')]).toEqual([true, false]);
  });
});
