import { AddressGuard } from '../../../src/modules/restrictions/address.guard.js';
import {
  compileIpSettings,
  DEFAULT_IP_SETTINGS,
} from '../../../src/modules/restrictions/ip-settings.policy.js';
import type { IpSettings } from '../../../src/modules/restrictions/ip-settings.policy.js';
import { IP_RESTRICTIONS } from '../../../src/modules/restrictions/restrictions.port.js';
import { exchange, head, snapshotWith } from '../../factories/exchange.js';

const guard = new AddressGuard({
  blocked: () => undefined,
  note: () => undefined,
});
const proxied = { enabled: true, header: 'X-Forwarded-For', trustedProxies: ['10.9.0.2'] };
const listed: IpSettings = { ...DEFAULT_IP_SETTINGS, enabled: true, allowed: ['203.0.113.0/24', '10.9.0.2'] };
const under = (settings: IpSettings): ReturnType<typeof snapshotWith> =>
  snapshotWith(IP_RESTRICTIONS, compileIpSettings(settings));

describe('the address step', () => {
  it('lets everybody pass while the rules are off', () => {
    const request = exchange({ peerIp: '198.51.100.9' });
    expect(guard.decide(request)).toBeUndefined();
    expect(request.clientIp).toBe('198.51.100.9');
  });

  it('lets a listed address pass and refuses others', () => {
    const snapshot = under(listed);
    expect(guard.decide(exchange({ snapshot, peerIp: '203.0.113.7' }))).toBeUndefined();
    expect(guard.decide(exchange({ snapshot, peerIp: '198.51.100.9' }))).toMatchObject({
      verdict: 'deny',
      reason: 'ip_not_allowed',
    });
  });

  it('I-01 refuses a listed address that an untrusted peer claims', () => {
    const snapshot = under({ ...listed, reverseProxy: proxied });
    const spoof = head({ rawHeaders: ['X-Forwarded-For', '203.0.113.7'] });
    expect(guard.decide(exchange({ snapshot, head: spoof, peerIp: '198.51.100.9' }))).toMatchObject({
      reason: 'ip_not_allowed',
    });
  });

  it('I-11 refuses a trusted proxy without header, although the proxy itself is listed', () => {
    const snapshot = under({ ...listed, reverseProxy: proxied });
    expect(guard.decide(exchange({ snapshot, peerIp: '10.9.0.2' }))).toMatchObject({
      reason: 'ip_not_allowed',
    });
  });

  it('keeps the peer as the address when a trusted proxy says nothing and the rules are off', () => {
    const request = exchange({
      snapshot: under({ ...DEFAULT_IP_SETTINGS, reverseProxy: proxied }),
      peerIp: '10.9.0.2',
    });
    expect(guard.decide(request)).toBeUndefined();
    expect(request.clientIp).toBe('10.9.0.2');
  });

  it('tells the address behind the proxy to the steps that follow', () => {
    const request = exchange({
      snapshot: under({ ...listed, reverseProxy: proxied }),
      head: head({ rawHeaders: ['X-Forwarded-For', '203.0.113.7'] }),
      peerIp: '10.9.0.2',
    });
    expect(guard.decide(request)).toBeUndefined();
    expect(request.clientIp).toBe('203.0.113.7');
  });

  it('notes in report mode what it would have refused, and refuses nothing', () => {
    const request = exchange({ snapshot: under({ ...listed, mode: 'report' }), peerIp: '198.51.100.9' });
    expect(guard.decide(request)).toBeUndefined();
    expect(request.wouldDeny).toEqual(['ip_not_allowed']);
  });

  it('refuses a peer that is already gone', () => {
    expect(guard.decide(exchange({ snapshot: under(listed), peerIp: '' }))).toMatchObject({
      reason: 'ip_not_allowed',
    });
  });
});
