import {
  ChainKeeper,
  CHAIN_START,
  lineOf,
  linkHash,
  rowJson,
} from '../../../src/modules/audit/audit-chain.policy.js';
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
    expect(rowJson(row)).not.toContain('username');
    expect(rowJson(row)).not.toContain('upstream_ms');
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

describe('the hash chain', () => {
  const json = rowJson(toRow(auditEvent()));

  it('links each row to the one before', () => {
    const chains = new ChainKeeper('writer');
    const first = chains.link('2026-11-21', json);
    const second = chains.link('2026-11-21', json);
    expect(first).toEqual({ chain: '2026-11-21/writer-0', seq: 1, hash: linkHash(CHAIN_START, json) });
    expect(second).toEqual({ chain: '2026-11-21/writer-0', seq: 2, hash: linkHash(first.hash, json) });
  });

  it('is one per day, and begins anew for a day that is long over', () => {
    const chains = new ChainKeeper('writer');
    const days = [
      '2026-11-21',
      '2026-11-22',
      '2026-11-21',
      '2026-11-23',
      '2026-11-24',
      '2026-11-25',
      '2026-11-21',
    ];
    const links = days.map((day) => chains.link(day, json));
    expect(links.map(({ chain, seq }) => `${chain} ${seq}`)).toEqual([
      '2026-11-21/writer-0 1',
      '2026-11-22/writer-1 1',
      '2026-11-21/writer-0 2',
      '2026-11-23/writer-2 1',
      '2026-11-24/writer-3 1',
      '2026-11-25/writer-4 1',
      '2026-11-21/writer-5 1',
    ]);
  });

  it('is part of the stored line', () => {
    const link = new ChainKeeper('w').link('2026-11-21', json);
    expect(JSON.parse(lineOf(json, link))).toEqual({ ...(JSON.parse(json) as object), ...link });
  });
});
