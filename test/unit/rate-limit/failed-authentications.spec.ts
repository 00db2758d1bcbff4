import { jest } from '@jest/globals';
import { CredentialGuard } from '../../../src/modules/credentials/credential.guard.js';
import { PasswordAttempts } from '../../../src/modules/credentials/password-attempts.service.js';
import { InProcessStorage } from '../../../src/modules/rate-limit/in-process-storage.service.js';
import { AddressGuard } from '../../../src/modules/restrictions/address.guard.js';
import {
  compileIpSettings,
  DEFAULT_IP_SETTINGS,
} from '../../../src/modules/restrictions/ip-settings.policy.js';
import { IP_RESTRICTIONS } from '../../../src/modules/restrictions/restrictions.port.js';
import { exchange, head, snapshotWith } from '../../factories/exchange.js';
import { RateLimitBench } from '../../support/rate-limit/factories.js';

describe('failed authentications', () => {
  let bench: RateLimitBench;
  let elapsed: number;

  beforeEach(() => {
    elapsed = 1000;
    jest.spyOn(performance, 'now').mockImplementation(() => elapsed);
    bench = new RateLimitBench();
    bench.settings.set({ enabled: false, failedAuthentications: { perMinute: 3 } });
  });

  afterEach(() => jest.restoreAllMocks());

  const fail = (...addresses: string[]): void => addresses.forEach((address) => bench.failures.note(address));

  it('make an address wait until its oldest failure is a minute old, also while rate limiting is off', () => {
    fail('192.0.2.1', '192.0.2.1');
    expect(bench.failures.blocked('192.0.2.1')).toBeUndefined();
    elapsed += 10_000;
    fail('192.0.2.1');
    expect(bench.failures.blocked('192.0.2.1')?.retryAfterSeconds).toBe(50);
    expect(bench.failures.blocked('192.0.2.2')).toBeUndefined();
    elapsed += 50_000;
    expect(bench.failures.blocked('192.0.2.1')).toBeUndefined();
  });

  it('L-03 count a flood from random addresses of one /64 together', () => {
    fail('2001:db8:1:1::1', '2001:db8:1:1:a:b:c:d', '2001:db8:1:1:ffff::9');
    expect(bench.failures.blocked('2001:db8:1:1:1234::')?.retryAfterSeconds).toBe(60);
    expect(bench.failures.blocked('2001:db8:1:2::1')).toBeUndefined();
  });

  it('refuse with the limit as the fields that clients of Jira read', async () => {
    fail('192.0.2.1', '192.0.2.1', '192.0.2.1');
    const request = exchange({ peerIp: '192.0.2.1' });
    expect(new AddressGuard(bench.failures).decide(request)).toMatchObject({ retryAfterSeconds: 60 });
    expect(request.answerHeaders).toEqual(fieldsOf('failed-authentications', 3, 60));
    const passwords = new PasswordAttempts(new InProcessStorage());
    for (const wrong of ['one', 'two']) {
      const attempt = await passwords.begin('jira', 'Alice', wrong);
      if ('failed' in attempt) attempt.failed();
    }
    const basic = exchange({ head: head({ authorization: 'Basic YWxpY2U6eA==' }) });
    const refused = await new CredentialGuard(passwords).decide(basic);
    expect(refused).toMatchObject({ reason: 'too_many_failures', retryAfterSeconds: 300 });
    expect(basic.answerHeaders).toEqual(fieldsOf('wrong-passwords', 2, 300));
  });

  it('are told by a metric without addresses', async () => {
    fail('192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.1');
    const text = await bench.registry.metrics();
    expect(text).toContain('restgate_rate_limited_total{reason="failed-authentications"} 1');
    expect(text).not.toContain('192.0.2');
  });

  it.each(['enforce', 'report'] as const)(
    'L-07 refuse the address at its step, before any look-up, with IP rules in %s mode',
    (mode) => {
      const guard = new AddressGuard(bench.failures);
      const snapshot = snapshotWith(IP_RESTRICTIONS, compileIpSettings({ ...DEFAULT_IP_SETTINGS, mode }));
      const request = (): ReturnType<typeof exchange> => exchange({ snapshot, peerIp: '192.0.2.1' });
      expect(guard.decide(request())).toBeUndefined();
      fail('192.0.2.1', '192.0.2.1', '192.0.2.1');
      expect(guard.decide(request())).toMatchObject({ reason: 'too_many_failures', retryAfterSeconds: 60 });
    },
  );
});

function fieldsOf(name: string, limit: number, seconds: number): string[] {
  const fields = {
    'RateLimit-Policy': `"${name}";q=${limit};w=${seconds}`,
    'X-RateLimit-Limit': `${limit}`,
    'X-RateLimit-Interval-Seconds': `${seconds}`,
    'X-RateLimit-FillRate': `${limit}`,
    RateLimit: `"${name}";r=0;t=${seconds}`,
    'X-RateLimit-Remaining': '0',
  };
  return Object.entries(fields).flat();
}
