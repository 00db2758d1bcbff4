import type { Actor } from '../../../src/modules/access/access.port.js';
import { mayRevoke, refuseCreation, refuseScope } from '../../../src/modules/tokens/token-creation.policy.js';
import type { CreationRules } from '../../../src/modules/tokens/token-creation.policy.js';

type Creator = Pick<Actor, 'level' | 'groups' | 'credential' | 'tokenScope'>;

const oauth = { kind: 'oauth' } as const;
const user: Creator = { level: 'user', groups: ['Developers'], credential: oauth };
const admin: Creator = { level: 'admin', groups: [], credential: oauth };
const token = (tokenScope: 'read' | 'write' | 'admin', level: Actor['level'] = 'user'): Creator => ({
  level,
  groups: ['Developers'],
  credential: { kind: 'api-token', id: 't1' },
  tokenScope,
});

const everybody: CreationRules = { userTokenCreationAllowed: true, creatorGroups: undefined };
const nobody: CreationRules = { userTokenCreationAllowed: false, creatorGroups: undefined };
const developers: CreationRules = { userTokenCreationAllowed: true, creatorGroups: new Set(['developers']) };
const writers: CreationRules = { userTokenCreationAllowed: true, creatorGroups: new Set(['writers']) };
const switchedOff: CreationRules = { ...developers, userTokenCreationAllowed: false };

describe('who may create tokens', () => {
  it.each<[string, Creator, CreationRules, string | undefined]>([
    ['any user, when users may', user, everybody, undefined],
    ['no user, when only admins may', user, nobody, 'token_creation_not_allowed'],
    ['a member of a creator group, whatever the case', user, developers, undefined],
    ['T-07 nobody outside the creator groups', user, writers, 'token_creation_not_allowed'],
    ['no member either, when users may not', user, switchedOff, 'token_creation_not_allowed'],
    ['an auditor only as any user', { ...user, level: 'auditor' }, nobody, 'token_creation_not_allowed'],
    ['an admin, although users may not', admin, nobody, undefined],
    ['an admin outside the creator groups', admin, writers, undefined],
    ['no token of scope read', token('read'), everybody, 'token_cannot_create_tokens'],
    ['no token of scope write', token('write'), everybody, 'token_cannot_create_tokens'],
    [
      'no token of scope write, even if its owner is an admin',
      token('write', 'admin'),
      everybody,
      'token_cannot_create_tokens',
    ],
    ['a token of scope admin', token('admin', 'admin'), nobody, undefined],
    ['no token of scope admin that lost its level', token('admin'), nobody, 'token_creation_not_allowed'],
  ])('%s', (_what, actor, rules, code) => {
    expect(refuseCreation(actor, rules)?.code).toBe(code);
  });

  it('lets only admins give scope admin', () => {
    expect(refuseScope(user, 'admin')?.code).toBe('token_scope_not_allowed');
    expect(refuseScope(user, 'write')).toBeUndefined();
    expect(refuseScope(admin, 'admin')).toBeUndefined();
  });

  it.each([
    ['a user any of theirs', user, 't2', true],
    ['a token of scope write any of its owner', token('write'), 't2', true],
    ['a token of scope read itself', token('read'), 't1', true],
    ['a token of scope read no other', token('read'), 't2', false],
  ])('lets %s be revoked', (_what, actor, id, expected) => {
    expect(mayRevoke(actor, id)).toBe(expected);
  });
});
