import { exceedsToken, isCrossSite, levelOf, mayCall } from '../../../src/modules/access/access.policy.js';
import type { AccessLevel, Actor } from '../../../src/modules/access/access.port.js';
import type { CredentialKind, Principal, TokenLimits } from '../../../src/modules/decisions/exchange.port.js';

const settings = { adminGroups: ['Jira-Administrators'], auditorGroups: ['auditors'] };

function principal(groups: string[], kind: CredentialKind = 'oauth', limits?: TokenLimits): Principal {
  return {
    username: 'alice',
    groups,
    groupKeys: new Set(groups.map((group) => group.toLowerCase())),
    credential: { kind },
    verified: true,
    ...(limits ? { limits } : {}),
  };
}

describe('the level of a principal', () => {
  it.each<[string, Principal, Actor['level']]>([
    ['a member of an admin group, without case', principal(['jira-administrators']), 'admin'],
    ['a member by personal access token', principal(['jira-administrators'], 'pat'), 'admin'],
    ['an auditor', principal(['Auditors']), 'auditor'],
    ['both an auditor and an admin', principal(['auditors', 'jira-administrators']), 'admin'],
    ['anybody else', principal(['staff']), 'user'],
    ['an API token of scope admin', principal([], 'api-token', { scope: 'admin' }), 'admin'],
    ["an admin's write token", principal(['jira-administrators'], 'api-token', { scope: 'write' }), 'user'],
    ["an auditor's read token", principal(['auditors'], 'api-token', { scope: 'read' }), 'user'],
    ["an admin's API token without known limits", principal(['jira-administrators'], 'api-token'), 'user'],
    [
      'an admin token limited to an application',
      principal([], 'api-token', { scope: 'admin', applications: new Set(['jira']) }),
      'user',
    ],
    [
      'an admin token limited to paths',
      principal([], 'api-token', { scope: 'admin', allowsPath: () => true }),
      'user',
    ],
  ])('%s', (_what, who, level) => {
    expect(levelOf(who, settings)).toBe(level);
  });

  it('is never admin by an empty group list', () => {
    expect(levelOf(principal(['', 'x']), { adminGroups: [], auditorGroups: [] })).toBe('user');
  });
});

describe('who may call a route', () => {
  it.each<[AccessLevel, Actor['level'], boolean]>([
    ['public', 'user', true],
    ['user', 'user', true],
    ['auditor', 'user', false],
    ['auditor', 'auditor', true],
    ['auditor', 'admin', true],
    ['admin', 'auditor', false],
    ['admin', 'admin', true],
  ])('a route for %s and a caller of level %s: %s', (required, actual, allowed) => {
    expect(mayCall(required, actual)).toBe(allowed);
  });
});

describe('limits of an API token', () => {
  it('a read token only reads', () => {
    const token = principal([], 'api-token', { scope: 'read' });
    expect(
      ['GET', 'HEAD', 'POST', 'DELETE'].map((method) => exceedsToken(token, method, '10.0.0.1')),
    ).toEqual([false, false, true, true]);
  });

  it('a token limited to addresses works from those only', () => {
    const token = principal([], 'api-token', { scope: 'admin', allowsIp: (ip) => ip === '10.0.0.1' });
    expect([exceedsToken(token, 'GET', '10.0.0.1'), exceedsToken(token, 'GET', '10.0.0.2')]).toEqual([
      false,
      true,
    ]);
  });
});

describe('changes that another site makes a browser send', () => {
  const own = 'https://gw.example.com';
  const base = { method: 'POST', host: 'gw.example.com', origin: undefined, fetchSite: undefined };
  it.each([
    ['a program without browser fields', base, false],
    ['the own page', { ...base, origin: own, fetchSite: 'same-origin' }, false],
    ['the own page by another name', { ...base, host: 'gw:8080', origin: 'http://gw:8080' }, false],
    ['another site', { ...base, origin: 'https://evil.example' }, true],
    ['another site without Origin', { ...base, fetchSite: 'cross-site' }, true],
    ['a sibling host', { ...base, fetchSite: 'same-site' }, true],
    ['an opaque origin', { ...base, origin: 'null' }, true],
    ['reading from another site', { ...base, method: 'GET', origin: 'https://evil.example' }, false],
  ])('A-09 %s', (_what, request, expected) => {
    expect(isCrossSite(request, own)).toBe(expected);
  });
});
