import {
  DEFAULT_GROUP_SETTINGS,
  groupSettingsFaults,
  newGroups,
  tidyGroupSettings,
} from '../../../src/modules/restrictions/group-settings.policy.js';
import {
  compileIpSettings,
  DEFAULT_IP_SETTINGS,
  ipSettingsFaults,
  tidyIpSettings,
  wouldLockOut,
} from '../../../src/modules/restrictions/ip-settings.policy.js';
import type { IpSettings } from '../../../src/modules/restrictions/ip-settings.policy.js';

const proxy = (change: Partial<IpSettings['reverseProxy']>): IpSettings => ({
  ...DEFAULT_IP_SETTINGS,
  reverseProxy: { enabled: true, header: 'X-Forwarded-For', trustedProxies: ['10.9.0.2'], ...change },
});

describe('IP settings', () => {
  it.each<[string, IpSettings, string]>([
    ['an enabled list that is empty', { ...DEFAULT_IP_SETTINGS, enabled: true }, 'allowed'],
    ['what is no address', { ...DEFAULT_IP_SETTINGS, allowed: ['10.0.0.0/8', '10.0.0'] }, 'allowed[1]'],
    ['octal octets', { ...DEFAULT_IP_SETTINGS, allowed: ['010.0.0.1'] }, 'allowed[0]'],
    [
      'I-05 a header that is believed from anybody',
      proxy({ trustedProxies: [] }),
      'reverseProxy.trustedProxies',
    ],
    [
      'every IPv4 address as a proxy',
      proxy({ trustedProxies: ['0.0.0.0/0'] }),
      'reverseProxy.trustedProxies[0]',
    ],
    [
      'every mapped address as a proxy',
      proxy({ trustedProxies: ['::ffff:0:0/96'] }),
      'reverseProxy.trustedProxies[0]',
    ],
    [
      'every IPv6 address as a proxy',
      proxy({ trustedProxies: ['::1', '::/0'] }),
      'reverseProxy.trustedProxies[1]',
    ],
    ['a header that carries a credential', proxy({ header: 'Authorization' }), 'reverseProxy.header'],
    ['a header of another shape', proxy({ header: 'Forwarded' }), 'reverseProxy.header'],
  ])('refuse %s', (_title, settings, field) => {
    expect(ipSettingsFaults(settings).map((fault) => fault.field)).toContain(field);
  });

  it('accept a list, with and without proxies', () => {
    expect(
      ipSettingsFaults({ ...DEFAULT_IP_SETTINGS, enabled: true, allowed: ['10.0.0.0/8', '::1'] }),
    ).toEqual([]);
    expect(ipSettingsFaults(proxy({}))).toEqual([]);
    expect(ipSettingsFaults(DEFAULT_IP_SETTINGS)).toEqual([]);
  });

  it('name at most twenty faults', () => {
    expect(ipSettingsFaults({ ...DEFAULT_IP_SETTINGS, allowed: Array(100).fill('x') })).toHaveLength(20);
  });

  it('write every entry in one way and once', () => {
    const allowed = ['10.1.2.3/8', '10.0.0.0/8', '::FFFF:192.0.2.1', '192.0.2.1'];
    expect(tidyIpSettings({ ...DEFAULT_IP_SETTINGS, allowed }).allowed).toEqual(['10.0.0.0/8', '192.0.2.1']);
  });

  it('know whom they would lock out', () => {
    const settings: IpSettings = { ...proxy({}), enabled: true, allowed: ['203.0.113.0/24'] };
    const rules = compileIpSettings(settings);
    const via = (peerIp: string, header?: string): boolean =>
      wouldLockOut(rules, { peerIp, rawHeaders: header === undefined ? [] : ['x-forwarded-for', header] });
    expect(via('203.0.113.7')).toBe(false);
    expect(via('198.51.100.9')).toBe(true);
    expect(via('10.9.0.2', '203.0.113.7')).toBe(false);
    expect(via('10.9.0.2', '198.51.100.9')).toBe(true);
    expect(via('10.9.0.2')).toBe(true);
    const watched = compileIpSettings({ ...settings, mode: 'report' });
    expect(wouldLockOut(watched, { peerIp: '198.51.100.9', rawHeaders: [] })).toBe(false);
  });
});

describe('group settings', () => {
  it('refuse every enabled list that is empty', () => {
    const empty = { enabled: true, groups: [' '] };
    const settings = tidyGroupSettings({
      apiAccess: empty,
      readOnly: empty,
      tokenCreation: empty,
      mode: 'enforce',
    });
    expect(groupSettingsFaults(settings).map(({ field }) => field)).toEqual([
      'apiAccess.groups',
      'readOnly.groups',
      'tokenCreation.groups',
    ]);
    expect(groupSettingsFaults(DEFAULT_GROUP_SETTINGS)).toEqual([]);
  });

  it('keep names trimmed and once, whatever their case', () => {
    const apiAccess = { enabled: true, groups: [' Staff', 'staff ', 'ops', ''] };
    expect(tidyGroupSettings({ ...DEFAULT_GROUP_SETTINGS, apiAccess }).apiAccess.groups).toEqual([
      'Staff',
      'ops',
    ]);
  });

  it('know which groups are new', () => {
    const before = {
      ...DEFAULT_GROUP_SETTINGS,
      readOnly: { enabled: true, groups: ['Staff'] },
      apiAccess: { enabled: true, groups: ['Users'] },
    };
    const after = { ...before, apiAccess: { enabled: true, groups: ['staff', 'ops', 'OPS'] } };
    expect(newGroups(before, after)).toHaveLength(1);
    expect(newGroups(before, after)[0]?.toLowerCase()).toBe('ops');
  });
});
