import type { Exchange } from '../../../src/modules/decisions/exchange.port.js';
import { wouldLoseAdmin } from '../../../src/modules/global-settings/admin-lockout.policy.js';
import { MasterSwitchGuard } from '../../../src/modules/global-settings/master-switch.guard.js';
import {
  DEFAULT_GLOBAL_SETTINGS,
  GLOBAL_SETTINGS,
} from '../../../src/modules/global-settings/global-settings.port.js';
import { initialSnapshot } from '../../../src/platform/change-feed/snapshot.js';

describe('the master switch', () => {
  const exchange = (on: boolean): Exchange => {
    const value = { ...DEFAULT_GLOBAL_SETTINGS, restApiAuthenticationEnabled: on };
    return { snapshot: GLOBAL_SETTINGS.replaceIn(initialSnapshot(), value) } as Exchange;
  };

  it('lets the pipeline go on while it is on, which is the default', () => {
    expect(new MasterSwitchGuard().decide(exchange(true))).toBeUndefined();
    expect(new MasterSwitchGuard().decide({ snapshot: initialSnapshot() } as Exchange)).toBeUndefined();
  });

  it('passes everything through while it is off', () => {
    const decision = new MasterSwitchGuard().decide(exchange(false));
    expect(decision).toEqual({ verdict: 'forward', kind: 'passed-through' });
  });
});

describe('who would lose their admin rights by a change of the admin groups', () => {
  const admin = { bootstrap: false, groups: ['Jira-Admins', 'staff'] };

  it.each([
    ['one whose only admin group is taken out', admin, ['jira-admins'], ['others'], true],
    ['one whose only admin group is taken out, all of them', admin, ['jira-admins'], [], true],
    [
      'nobody while a group of theirs stays, whatever its case',
      admin,
      ['JIRA-ADMINS', 'x'],
      ['jira-admins'],
      false,
    ],
    ['nobody when another group of theirs comes in', admin, ['jira-admins'], ['STAFF'], false],
    ['nobody who was not one by group', admin, ['others'], [], false],
    ['not ADMIN_TOKEN', { ...admin, bootstrap: true }, ['jira-admins'], [], false],
    ['not a token of scope admin', { ...admin, tokenScope: 'admin' as const }, ['jira-admins'], [], false],
  ])('%s', (_what, actor, before, after, expected) => {
    expect(wouldLoseAdmin(actor, before, after)).toBe(expected);
  });
});
