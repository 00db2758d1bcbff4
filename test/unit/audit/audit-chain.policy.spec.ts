import { createHash } from 'node:crypto';
import { ChainKeeper } from '../../../src/modules/audit/audit-chain.policy.js';
import { ChainWalk } from '../../../src/modules/audit/audit-chain-walk.policy.js';
import type { ChainedRow } from '../../../src/modules/audit/audit-chain-walk.policy.js';
import { ROW_COLUMNS } from '../../../src/modules/audit/audit-columns.policy.js';
import { groupLine } from '../../../src/modules/audit/audit-group.policy.js';
import { toRow } from '../../../src/modules/audit/audit-row.policy.js';
import type { AuditRow } from '../../../src/modules/audit/audit-row.policy.js';
import type { AuditEvent } from '../../../src/modules/audit/audit.port.js';
import { auditEvent } from '../../factories/audit-event.js';
import { linesOf, rowsOf } from '../../support/audit/stored-groups.js';
import type { RowLink } from '../../support/audit/stored-groups.js';

const NOON = Date.UTC(2026, 10, 21, 12);

/** As each row was linked before there were groups. */
function formerHash(previous: string, text: string): string {
  return createHash('sha256').update(`${previous}\n${text}`).digest('base64url');
}

function shortText(row: AuditRow): string {
  const short = new Map<string, string>(ROW_COLUMNS.map(([name, , other]) => [name, other]));
  const kept = Object.entries(row).filter(
    ([name]) => name !== 'category' && (name !== 'request_id' || row.request_id !== row.id),
  );
  return JSON.stringify(
    Object.fromEntries(kept.map(([name, value]: [string, unknown]) => [short.get(name) ?? name, value])),
  );
}

describe('the columns of an event', () => {
  it('have a name of their own each where they are stored', () => {
    const shorts = ROW_COLUMNS.map(([, , short]) => short);
    expect(new Set(shorts).size).toBe(shorts.length);
  });
});

describe('the hash chain', () => {
  const events = (count: number): AuditEvent[] =>
    Array.from({ length: count }, (_unused, n) => auditEvent({ time: NOON + n, user: `Jürgen ${n} 王` }));

  it('links each group to the one before', () => {
    const rows = linesOf(events(5), 2, 'writer').flatMap(rowsOf);
    const chain = '2026-11-21/writer-0';
    expect(rows.map(({ chain: of, seq }) => `${of} ${seq}`)).toEqual(
      [1, 2, 3, 4, 5].map((n) => `${chain} ${n}`),
    );
    expect(rows.map(({ hash }) => hash !== null)).toEqual([false, true, false, true, true]);
    expect([rows[1], rows[3], rows[4]].map((row) => row?.previous)).toEqual([
      '',
      rows[1]?.hash,
      rows[3]?.hash,
    ]);
  });

  it('is one per day, and begins anew for a day that is long over', () => {
    const chains = new ChainKeeper('writer');
    const links = [21, 22, 21, 23, 24, 25, 21].map((date) => {
      const day = `2026-11-${date}`;
      const link = chains.next(day);
      chains.add(day, 3, `hash of ${link.chain} ${link.first}`);
      return link;
    });
    expect(links.map(({ chain, first }) => `${chain} ${first}`)).toEqual([
      '2026-11-21/writer-0 1',
      '2026-11-22/writer-1 1',
      '2026-11-21/writer-0 4',
      '2026-11-23/writer-2 1',
      '2026-11-24/writer-3 1',
      '2026-11-25/writer-4 1',
      '2026-11-21/writer-5 1',
    ]);
    expect(links.map(({ previous }) => previous)).toEqual([
      '',
      '',
      'hash of 2026-11-21/writer-0 1',
      '',
      '',
      '',
      '',
    ]);
  });

  it('holds over rows that were a link each, and tells when one of them was changed', () => {
    let hash = '';
    const former = events(3).map((event, at) => {
      const row = JSON.parse(JSON.stringify(toRow(event))) as AuditRow;
      hash = formerHash(hash, at < 2 ? JSON.stringify(row) : shortText(row));
      return { ...row, chain: 'c', seq: at + 1, hash, previous: null };
    });
    expect(walk(former)).toEqual([]);
    // A database that the gateway has not brought up to date yet has no such column.
    const before = former.map(({ previous: _previous, ...row }) => row as (typeof former)[0]);
    expect(walk(before)).toEqual([]);
    const changed = former.map((row, at) => (at === 1 ? { ...row, username: 'mallory' } : row));
    expect(walk(changed)).toEqual(['2: the row is not as it was written']);
  });
});

/** As `audit:verify` follows a chain: what is wrong with it. `gone` says what retention deleted, up to which number. */
function walk(
  rows: readonly (AuditRow & RowLink)[],
  gone?: { rows: number; top: number },
  head = rows.at(-1),
  sealed?: ReadonlyMap<number, readonly string[]>,
): string[] {
  const chain = rows[0]?.chain ?? '';
  const steps = new ChainWalk('2026-11-21', chain, sealed);
  const faults = rows.map((row) => steps.step({ ...row, time: new Date(row.time) } as unknown as ChainedRow));
  const last = { chain, day: '2026-11-21', seq: head?.seq ?? 0, hash: head?.hash ?? '' };
  faults.push(steps.finish(last, { through: '', chains: new Map(gone ? [[chain, gone]] : []) }));
  return faults.flatMap((fault) => (fault ? [fault.seq ? `${fault.seq}: ${fault.fault}` : fault.fault] : []));
}

describe('following a chain', () => {
  /** Groups of four, three and three. */
  const rows = [
    ...linesOf(
      Array.from({ length: 10 }, (_unused, n) => auditEvent({ time: NOON + n, requestId: `${n}` })),
      4,
    ),
  ].flatMap(rowsOf);

  it('finds nothing wrong with what was written', () => {
    expect(walk(rows)).toEqual([]);
  });

  it.each(rows.map(({ seq }) => seq))('tells of a change in row %i, naming the group it is in', (seq) => {
    const first = seq <= 4 ? 1 : seq <= 8 ? 5 : 9;
    const last = Math.min(first + 3, 10);
    const changed = rows.map((row) => (row.seq === seq ? { ...row, status: 204 } : row));
    expect(walk(changed)).toEqual([`${first}: a row from here to number ${last} is not as it was written`]);
  });

  it.each(rows.map(({ seq }) => seq))('tells that row %i is missing', (seq) => {
    const left = rows.filter((row) => row.seq !== seq);
    expect(walk(left, undefined, rows.at(-1))).toEqual([
      `${seq}: rows are missing: 1 in all, the last is number ${seq}`,
    ]);
  });

  it.each([
    ['exchanged', [0, 2, 1, 3]],
    ['there twice', [0, 1, 1, 2, 3]],
  ])('tells of rows that are %s', (_name, order) => {
    const found = walk([...order.map((at) => rows[at] as (typeof rows)[0]), ...rows.slice(4)]);
    expect(found.length).toBeGreaterThan(0);
  });

  it('tells of two rows that changed places with their numbers', () => {
    const [a, b] = [rows[0], rows[1]] as [(typeof rows)[0], (typeof rows)[0]];
    expect(walk([{ ...b, seq: 1 }, { ...a, seq: 2 }, ...rows.slice(2)])).toHaveLength(1);
  });

  it('tells of a group that was written anew, by the one after it', () => {
    const forged = rowsOf(
      linesOf(
        Array.from({ length: 4 }, () => auditEvent({ time: NOON, user: 'mallory' })),
        4,
      )[0] as string,
    );
    expect(walk([...forged, ...rows.slice(4)])).toEqual([
      '5: a row from here to number 8 is not as it was written',
    ]);
  });

  it('tells when the ends of groups were removed', () => {
    const noEnd = rows.map((row) => (row.seq === 4 ? { ...row, hash: null, previous: null } : row));
    expect(walk(noEnd)).toEqual(['1: a row from here to number 8 is not as it was written']);
    const none = rows.map((row) => ({ ...row, hash: null, previous: null }));
    expect(walk(none, undefined, rows.at(-1))).toEqual(['10: the end of the chain was changed']);
    const many = Array.from({ length: 2500 }, (_unused, n) => ({
      ...(none[0] as (typeof rows)[0]),
      seq: n + 1,
    }));
    expect(walk(many, undefined, rows.at(-1))).toContain('1: the rows from here on belong to no group');
  });

  it('is content with a group that retention has cut through, and not with the ones behind it when they were changed', () => {
    expect(walk(rows.slice(2), { rows: 2, top: 2 })).toEqual([]);
    expect(walk([rows[0] as (typeof rows)[0], ...rows.slice(4)], { rows: 3, top: 4 })).toEqual([]);
    expect(walk(rows.slice(6), { rows: 6, top: 6 })).toEqual([]);
    const changed = rows.map((row) => (row.seq === 6 ? { ...row, status: 204 } : row));
    expect(walk(changed.slice(2), { rows: 2, top: 2 })).toEqual([
      '5: a row from here to number 8 is not as it was written',
    ]);
    expect(walk(rows.slice(2), { rows: 1, top: 1 })).toEqual([
      '2: rows are missing: 1 in all, the last is number 2',
    ]);
  });

  it('tells when a sealed end of a group was removed behind rows that retention deleted', () => {
    const sealed = new Map([[8, [rows[7]?.hash ?? '']]]);
    expect(walk(rows.slice(2), { rows: 2, top: 2 }, rows.at(-1), sealed)).toEqual([]);
    const noEnds = rows.map((row) =>
      row.seq <= 8 ? { ...row, status: 204, hash: null, previous: null } : row,
    );
    expect(walk(noEnds.slice(2), { rows: 2, top: 2 }, rows.at(-1), sealed)).toEqual([
      '8: the row or one before it is not as it was sealed',
    ]);
  });

  it('still looks into a whole group behind those that retention deleted', () => {
    const changed = rows.map((row) => (row.seq === 6 ? { ...row, status: 204 } : row));
    expect(walk(rows.slice(4), { rows: 4, top: 4 })).toEqual([]);
    // What it says of the group before it cannot be compared, but what comes after refers to it.
    const rehashed = rowsOf(
      groupLine({
        chain: rows[0]?.chain ?? '',
        first: 5,
        previous: 'made up',
        rows: plain(changed.slice(4, 8)),
      }),
    );
    expect(walk([...rehashed, ...rows.slice(8)], { rows: 4, top: 4 })).toEqual([
      '9: a row from here to number 10 is not as it was written',
    ]);
  });
});

/** Rows without their place in the chain. */
function plain(rows: readonly (AuditRow & RowLink)[]): AuditRow[] {
  return rows.map(({ chain: _chain, seq: _seq, hash: _hash, previous: _previous, ...row }) => row);
}
