import { toRow } from '../../../src/modules/audit/audit-row.policy.js';
import { auditEvent } from '../../factories/audit-event.js';

const RGT = 'rgt_0123456789012345678901234567890123456789abcdef';

describe('an event as it is stored', () => {
  it('holds no secret, whichever field it came in', () => {
    const event = auditEvent({
      path: `/rest/${RGT}`,
      query: `?x=${RGT}`,
      user: RGT,
      userAgent: RGT,
      detail: RGT,
      credentialName: RGT,
      requestId: RGT,
      method: RGT,
      application: RGT,
      target: RGT,
      before: { a: RGT },
      after: [RGT],
    });
    expect(JSON.stringify(toRow(event))).not.toContain('rgt_');
  });

  it('leaves absent fields out and rounds durations to microseconds', () => {
    const row = toRow(auditEvent({ user: undefined, durationMs: 1.23456789, upstreamMs: Number.NaN }));
    expect(Object.keys(JSON.parse(JSON.stringify(row)) as object)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/username|upstream_ms/)]),
    );
    expect(row.duration_ms).toBe(1.235);
  });

  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['fe80::1%eth0', 'fe80::1'],
    ['unknown', undefined],
    ['', undefined],
  ])('keeps the address %j as %j', (address, kept) => {
    expect(toRow(auditEvent({ clientIp: address })).client_ip).toBe(kept);
  });

  it('replaces values of changes that are too large', () => {
    expect(toRow(auditEvent({ after: Array.from({ length: 100 }, () => 'x y '.repeat(500)) })).after).toBe(
      '{"truncated":true}',
    );
  });
});
