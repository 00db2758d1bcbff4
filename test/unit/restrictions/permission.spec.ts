import { compileAntPattern } from '../../../src/lib/ant-pattern.js';
import { compileIpSet } from '../../../src/lib/ip-set.js';
import type { Exchange, StepResult, TokenLimits } from '../../../src/modules/decisions/exchange.port.js';
import {
  compileGroupSettings,
  DEFAULT_GROUP_SETTINGS,
} from '../../../src/modules/restrictions/group-settings.policy.js';
import type { GroupSettings } from '../../../src/modules/restrictions/group-settings.policy.js';
import { PermissionGuard } from '../../../src/modules/restrictions/permission.guard.js';
import { compileReadWrite } from '../../../src/modules/restrictions/read-write-settings.policy.js';
import { GROUP_RESTRICTIONS, READ_WRITE } from '../../../src/modules/restrictions/restrictions.port.js';
import { exchange, head, jira, snapshotWith, user } from '../../factories/exchange.js';

const guard = new PermissionGuard();
const oauth = { kind: 'oauth', form: 'bearer', secret: 'x' } as const;
const access = { enabled: true, groups: ['API-Users'] };
const readers = { enabled: true, groups: ['Readers'] };

function under(settings: Partial<GroupSettings>): Exchange['snapshot'] {
  return snapshotWith(GROUP_RESTRICTIONS, compileGroupSettings({ ...DEFAULT_GROUP_SETTINGS, ...settings }));
}

function ask(groups: readonly string[], method: string, settings: Partial<GroupSettings>): Exchange {
  const request = exchange({
    snapshot: under(settings),
    head: head({ method }),
    policyPath: '/rest/api/2/issue/X-1',
    principal: user({ groups }),
    credential: oauth,
  });
  request.decision = guard.decide(request) as StepResult;
  return request;
}

function reason(request: Exchange): string | undefined {
  return request.decision?.verdict === 'deny' ? request.decision.reason : undefined;
}

describe('the group rules', () => {
  it.each([
    ['nobody is restricted while both are off', [], 'POST', {}, undefined],
    ['a member of an API access group may call', ['api-users'], 'POST', { apiAccess: access }, undefined],
    ['group names are compared without case', ['API-USERS'], 'GET', { apiAccess: access }, undefined],
    ['others may not call', ['users'], 'GET', { apiAccess: access }, 'group_not_allowed'],
    ['nor may somebody without groups', [], 'GET', { apiAccess: access }, 'group_not_allowed'],
    ['a switched-off list has no effect', [], 'GET', { apiAccess: { ...access, enabled: false } }, undefined],
    ['a member of a read-only group may read', ['readers'], 'GET', { readOnly: readers }, undefined],
    ['but not write', ['readers'], 'POST', { readOnly: readers }, 'read_only_user'],
    ['others may write', ['users'], 'DELETE', { readOnly: readers }, undefined],
    [
      'read-only wins over API access',
      ['readers', 'api-users'],
      'PUT',
      { apiAccess: access, readOnly: readers },
      'read_only_user',
    ],
    [
      'a read-only group gives no API access',
      ['readers'],
      'GET',
      { apiAccess: access, readOnly: readers },
      'group_not_allowed',
    ],
  ] as const)('%s', (_title, groups, method, settings, expected) => {
    expect(reason(ask(groups, method, settings))).toBe(expected);
  });

  it('refuse nothing in report mode, and note every rule that would have', () => {
    const request = ask(['readers'], 'POST', { apiAccess: access, readOnly: readers, mode: 'report' });
    expect(request.decision).toBeUndefined();
    expect(request.wouldDeny).toEqual(['group_not_allowed', 'read_only_user']);
  });

  it('note nothing in report mode when nothing would have been refused', () => {
    expect(ask(['api-users'], 'GET', { apiAccess: access, mode: 'report' }).wouldDeny).toBeUndefined();
  });

  it('hold on the claimed user of a Basic credential, whose password the application checks', () => {
    const request = exchange({
      snapshot: under({ apiAccess: access }),
      principal: user({ verified: false, credential: { kind: 'basic' } }),
      credential: { kind: 'basic', form: 'basic', secret: 'x', username: 'alice' },
    });
    expect(guard.decide(request)).toMatchObject({ reason: 'group_not_allowed' });
  });

  it('M-01 refuse a POST of a read-only user by its real method, whatever method it claims to be', () => {
    const request = exchange({
      snapshot: under({ readOnly: readers }),
      head: head({ method: 'POST', rawHeaders: ['X-HTTP-Method-Override', 'GET'] }),
      policyPath: '/rest/api/2/issue',
      principal: user({ groups: ['readers'] }),
      credential: oauth,
    });
    expect(guard.decide(request)).toMatchObject({ reason: 'read_only_user' });
  });

  it('M-05 refuse the first request of a push of a read-only user', () => {
    const request = exchange({
      snapshot: under({ readOnly: readers }),
      head: head({ query: '?service=git-receive-pack' }),
      application: { ...jira, product: 'bitbucket' },
      policyPath: '/scm/p/r.git/info/refs',
      principal: user({ groups: ['readers'] }),
      credential: oauth,
    });
    expect(guard.decide(request)).toMatchObject({ reason: 'read_only_user' });
  });

  it('M-11 refuse a remote procedure call of a read-only user', () => {
    const request = exchange({
      snapshot: under({ readOnly: readers }),
      head: head({ method: 'POST' }),
      policyPath: '/rpc/json-rpc/confluenceservice-v2',
      principal: user({ groups: ['readers'] }),
      credential: oauth,
    });
    expect(guard.decide(request)).toMatchObject({ reason: 'read_only_user' });
  });
});

describe('the limits of a token', () => {
  const all: TokenLimits = { scope: 'write' };
  const decide = (limits: TokenLimits, change: Partial<Exchange> = {}): Exchange => {
    const request = exchange({
      policyPath: '/rest/api/2/issue/X-1',
      principal: user({ limits }),
      credential: { kind: 'api-token', form: 'bearer', secret: 'x' },
      ...change,
    });
    request.decision = guard.decide(request) as StepResult;
    return request;
  };
  const post = { head: head({ method: 'POST' }) };
  const allowsPath = compileAntPattern('/rest/api/2/issue/**');

  it.each<[string, TokenLimits, Partial<Exchange>, string | undefined]>([
    ['write may write', all, post, undefined],
    ['admin may write', { scope: 'admin' }, post, undefined],
    ['read may read', { scope: 'read' }, {}, undefined],
    ['read may not write', { scope: 'read' }, post, 'token_scope'],
    ['read may search by POST', { scope: 'read' }, { ...post, policyPath: '/rest/api/2/search' }, undefined],
    ['its application is allowed', { ...all, applications: new Set(['jira']) }, {}, undefined],
    ['another application is not', { ...all, applications: new Set(['confluence']) }, {}, 'token_scope'],
    ['no application is allowed by an empty list', { ...all, applications: new Set() }, {}, 'token_scope'],
    ['its path is allowed', { ...all, allowsPath }, {}, undefined],
    ['another path is not', { ...all, allowsPath }, { policyPath: '/rest/api/2/myself' }, 'token_scope'],
    [
      'a path that was not sent in canonical form is not',
      { ...all, allowsPath },
      { head: head({ exactPath: false }) },
      'token_scope',
    ],
    ['its address is allowed', { ...all, allowsIp: compileIpSet(['198.51.100.0/24']) }, {}, undefined],
    ['another address is not', { ...all, allowsIp: compileIpSet(['203.0.113.0/24']) }, {}, 'token_scope'],
  ])('%s', (_title, limits, change, expected) => {
    expect(reason(decide(limits, change))).toBe(expected);
  });

  it('are told as insufficient_scope (RFC 6750 section 3.1)', () => {
    expect(decide({ scope: 'read' }, post).decision).toMatchObject({ bearerError: 'insufficient_scope' });
  });
});

describe('endpoints that make credentials or sessions', () => {
  const path = '/rest/pat/latest/tokens';
  const via = (
    kind: 'oauth' | 'api-token' | 'pat' | 'basic',
    openedEndpoints: readonly string[] = [],
  ): Exchange => {
    const request = exchange({
      head: head({ method: 'POST' }),
      application: { ...jira, openedEndpoints },
      policyPath: path,
      principal: user(),
      credential: { kind, form: 'bearer', secret: 'x' },
    });
    request.decision = guard.decide(request) as StepResult;
    return request;
  };

  it.each(['oauth', 'api-token'] as const)('are refused when Restgate acts as the user: %s', (kind) => {
    expect(reason(via(kind))).toBe('endpoint_protected');
  });

  it.each(['pat', 'basic'] as const)('are left to the application for its own credentials: %s', (kind) => {
    expect(via(kind).decision).toBeUndefined();
  });

  it('are served when the admin opened them', () => {
    expect(via('oauth', ['/rest/pat/**']).decision).toBeUndefined();
  });
});

describe('an admin who lists every POST as a read', () => {
  const everything = compileReadWrite({ reads: [{ methods: ['POST'], path: '/**' }], writes: [] });
  const ask = (kind: 'oauth' | 'pat', policyPath: string): string | undefined => {
    const snapshot = READ_WRITE.replaceIn(under({ readOnly: readers }), everything);
    const request = exchange({
      snapshot,
      head: head({ method: 'POST' }),
      policyPath,
      principal: user({ groups: ['readers'] }),
      credential: { kind, form: 'bearer', secret: 'x' },
    });
    request.decision = guard.decide(request) as StepResult;
    return reason(request);
  };

  it('lets members of a read-only group make them', () => {
    expect(ask('oauth', '/rest/api/2/issue')).toBeUndefined();
  });

  it.each(['oauth', 'pat'] as const)(
    'does not let them make credentials, whatever they come with: %s',
    (kind) => {
      expect(ask(kind, '/rest/pat/latest/tokens')).toBe('read_only_user');
    },
  );

  it('does not open what makes credentials to others', () => {
    const request = exchange({
      snapshot: snapshotWith(READ_WRITE, everything),
      head: head({ method: 'POST' }),
      policyPath: '/rest/pat/latest/tokens',
      principal: user(),
      credential: oauth,
    });
    expect(guard.decide(request)).toMatchObject({ reason: 'endpoint_protected' });
  });
});

describe('the permission step', () => {
  it('fails, and lets nobody pass, when nobody was authenticated', () => {
    expect(() => guard.decide(exchange({ principal: undefined }))).toThrow('without a principal');
  });

  it('tells whether the call reads or writes', () => {
    expect(ask([], 'GET', {}).classification).toBe('read');
    expect(ask([], 'POST', {}).classification).toBe('write');
  });
});
