import {
  ChainKeeper,
  CHAIN_START,
  lineOf,
  linkHash,
  ROOM_BEFORE_ROW,
  rowJson,
} from '../../../src/modules/audit/audit-chain.policy.js';
import { LINK_COLUMNS, ROW_COLUMNS } from '../../../src/modules/audit/audit-columns.policy.js';
import { ChainWalk } from '../../../src/modules/audit/audit-chain-walk.policy.js';
import type { ChainedRow } from '../../../src/modules/audit/audit-chain-walk.policy.js';
import { ByteText } from '../../../src/lib/byte-text.js';
import { toRow } from '../../../src/modules/audit/audit-row.policy.js';
import type { ChainLink } from '../../../src/modules/audit/audit-row.policy.js';
import { auditEvent } from '../../factories/audit-event.js';
import { columnsOf } from '../../support/audit/stored-line.js';

const NOON = Date.UTC(2026, 10, 21, 12);
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
    expect(Object.keys(columnsOf(rowJson(row)))).not.toContain('username');
    expect(Object.keys(columnsOf(rowJson(row)))).not.toContain('upstream_ms');
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

/** The stored line, and the link that is part of it. */
function linked(chains: ChainKeeper, day: string, row: string): ChainLink & { readonly line: string } {
  const text = new ByteText();
  text.begin(ROOM_BEFORE_ROW);
  text.addText(row);
  chains.link(day, text);
  const line = text.bytes.toString('utf8', ROOM_BEFORE_ROW, text.length);
  const { chain, seq, hash } = columnsOf(line);
  return { chain, seq, hash, line };
}

describe('the JSON text of a row', () => {
  it.each([
    ['a request of its own id', {}],
    ['a request that the client gave an id', { requestId: 'req-1' }],
    ['a change', { category: 'admin' as const, target: 'settings', before: { a: 1 }, after: { a: 2 } }],
  ])('says all of %s, by other names', (_name, over) => {
    const event = auditEvent();
    const row = toRow({ ...event, requestId: event.id, ...over });
    expect(columnsOf(rowJson(row))).toEqual(JSON.parse(JSON.stringify(row)));
  });

  it('has a name of its own for each column', () => {
    const shorts = [...ROW_COLUMNS, ...LINK_COLUMNS].map(([, , short]) => short);
    expect(new Set(shorts).size).toBe(shorts.length);
  });
});

describe('the hash chain', () => {
  const json = rowJson(toRow(auditEvent({ user: 'Jürgen 王' })));

  it('links each row to the one before', () => {
    const chains = new ChainKeeper('writer');
    const first = linked(chains, '2026-11-21', json);
    const second = linked(chains, '2026-11-21', json);
    const chain = '2026-11-21/writer-0';
    expect(first).toMatchObject({ chain, seq: 1, hash: linkHash(CHAIN_START, json) });
    expect(second).toMatchObject({ chain, seq: 2, hash: linkHash(first.hash, json) });
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
    const links = days.map((day) => linked(chains, day, json));
    expect(links.map(({ chain, seq }) => `${chain} ${seq}`)).toEqual([
      '2026-11-21/writer-0 1',
      '2026-11-22/writer-1 1',
      '2026-11-21/writer-0 2',
      '2026-11-23/writer-2 1',
      '2026-11-24/writer-3 1',
      '2026-11-25/writer-4 1',
      '2026-11-21/writer-5 1',
    ]);
    expect(links[2]?.hash).toBe(linkHash(links[0]?.hash ?? '', json));
  });

  it('holds over rows that were hashed with the names of the columns, and tells when one of them was changed', () => {
    const rows = [1, 2, 3].map((n) => toRow(auditEvent({ time: NOON + n, user: `user-${n}` })));
    let hash = CHAIN_START;
    const stored = rows.map((row, at) => {
      hash = linkHash(hash, at < 2 ? JSON.stringify(row) : rowJson(row));
      return { ...row, time: new Date(row.time), chain: 'c', seq: at + 1, hash } as unknown as ChainedRow;
    });
    const walk = (all: readonly ChainedRow[]): unknown[] => {
      const steps = new ChainWalk('2026-11-21', 'c');
      return all.map((row) => steps.step(row)?.fault);
    };
    expect(walk(stored)).toEqual([undefined, undefined, undefined]);
    const changed = stored.map((row, at) => (at === 1 ? { ...row, username: 'mallory' } : row));
    expect(walk(changed)).toEqual([undefined, 'the row is not as it was written', undefined]);
  });

  it('is part of the stored line', () => {
    const { line, ...link } = linked(new ChainKeeper('w'), '2026-11-21', json);
    expect(line).toBe(`${lineOf(json, link)}\n`);
    expect(columnsOf(line)).toEqual({ ...columnsOf(json), ...link });
  });
});
