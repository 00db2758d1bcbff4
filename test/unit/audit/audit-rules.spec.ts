import { csvLine } from '../../../src/lib/csv.js';
import { decodeCursor, encodeCursor } from '../../../src/modules/audit/audit-cursor.policy.js';
import { partitionOf, planPrune } from '../../../src/modules/audit/audit-days.policy.js';
import { filterConditions } from '../../../src/modules/audit/audit-filter.policy.js';
import { chainsOf, dueSeals, prunedOf } from '../../../src/modules/audit/audit-seal.policy.js';
import type { StoredSeal } from '../../../src/modules/audit/audit-seal.policy.js';
import { isForbiddenSinkAddress } from '../../../src/modules/audit/sink-address.policy.js';
import { facilityCode, facilityName } from '../../../src/modules/audit/syslog-facility.policy.js';

describe('CSV', () => {
  it.each([
    ["=cmd|'/c calc'!A1", `"'=cmd|'/c calc'!A1"`],
    ['+1', `"'+1"`],
    ['-1', `"'-1"`],
    ['@x', `"'@x"`],
    ['\tx', `"'\tx"`],
    ['\rx', `"'\rx"`],
    [' =1', `"' =1"`],
    ['＝1', `"'＝1"`],
    ['"=1', `"'""=1"`],
  ])('A-05 makes the formula %j harmless', (text, cell) => {
    expect(csvLine([text])).toBe(`${cell}\r\n`);
  });

  it('quotes commas, quotes and line ends (RFC 4180), and leaves numbers alone', () => {
    expect(csvLine(['a,b', 'say "x"', 'a\nb', 'plain', null, -5])).toBe(
      '"a,b","say ""x""","a\nb",plain,,-5\r\n',
    );
  });
});

describe('the plan of the retention', () => {
  const NOW = Date.parse('2026-11-21T12:00:00Z');
  const held = [
    { day: '2026-11-19', rows: 10 },
    { day: '2026-11-21', rows: 10 },
    { day: '2026-11-20', rows: 10 },
  ];
  it.each([
    ['keeps all without limits', null, null, [], undefined],
    [
      'drops whole days by age',
      1,
      null,
      ['2026-11-19'],
      { day: '2026-11-20', before: NOW - 86_400_000, excess: 0 },
    ],
    ['keeps days that are young enough', 3, null, [], undefined],
    ['drops whole days by number', null, 20, ['2026-11-19'], undefined],
    [
      'drops part of a day by number',
      null,
      15,
      ['2026-11-19'],
      { day: '2026-11-20', before: -Infinity, excess: 5 },
    ],
    [
      'takes whichever deletes more: number',
      2,
      5,
      ['2026-11-19', '2026-11-20'],
      { day: '2026-11-21', before: NOW - 2 * 86_400_000, excess: 5 },
    ],
    [
      'takes whichever deletes more: age',
      1,
      25,
      ['2026-11-19'],
      { day: '2026-11-20', before: NOW - 86_400_000, excess: 0 },
    ],
  ])('%s', (_name, days, entries, wholeDays, part) => {
    expect(planPrune(held, { days, entries }, NOW)).toEqual({ wholeDays, ...(part && { part }) });
  });

  it('names tables by days and by nothing else', () => {
    expect(partitionOf('2026-11-21')).toBe('audit_events_p20261121');
    expect(() => partitionOf('2026-11-21; DROP TABLE x')).toThrow('is not a day');
  });
});

describe('seals', () => {
  const heads = [
    { chain: '2026-11-20/b', day: '2026-11-20', seq: 2, hash: 'hb' },
    { chain: '2026-11-20/a', day: '2026-11-20', seq: 1, hash: 'ha' },
    { chain: '2026-11-21/a', day: '2026-11-21', seq: 1, hash: 'hc' },
  ];
  const stored = (content: object, id: number): StoredSeal => {
    const { kind = '', day = '' } = content as { kind?: string; day?: string };
    return { id, kind, day, content: JSON.stringify(content), seal: '' };
  };

  it('are due for days that are over, once, and again when a late event came', () => {
    const [first] = dueSeals([], heads, '2026-11-20');
    expect(first?.chains.map(({ chain }) => chain)).toEqual(['2026-11-20/a', '2026-11-20/b']);
    const seals = [stored(first ?? {}, 1)];
    expect(dueSeals(seals, heads, '2026-11-20')).toEqual([]);
    const later = heads.map((head) => (head.chain === '2026-11-20/a' ? { ...head, seq: 9 } : head));
    expect(dueSeals(seals, later, '2026-11-21').map(({ day }) => day)).toEqual(['2026-11-20', '2026-11-21']);
  });

  it('refer to the one before', () => {
    const [first, second] = dueSeals([], heads, '2026-11-21');
    expect(second?.previous).not.toBe(first?.previous);
    expect(chainsOf(heads, '2026-11-21')).toEqual(second?.chains);
  });

  it('sum up what retention deleted', () => {
    const seals = [
      stored({ kind: 'prune', through: '2026-11-18' }, 1),
      stored({ kind: 'prune', chains: [{ chain: 'c', rows: 5, top: 5 }] }, 2),
      stored({ kind: 'prune', chains: [{ chain: 'c', rows: 2, top: 9 }] }, 3),
    ];
    const { through, chains } = prunedOf(seals);
    expect([through, chains.get('c')]).toEqual(['2026-11-18', { rows: 7, top: 9 }]);
  });
});

describe('filters', () => {
  it('never become part of the statement', () => {
    const hostile = "x'; DROP TABLE audit_events; --";
    const sql = filterConditions({
      user: hostile,
      application: hostile,
      path: hostile,
      reason: hostile,
      method: hostile,
    });
    expect(sql.where).not.toContain('DROP');
    expect(sql.values).toHaveLength(5);
  });

  it('read a time without offset as UTC', () => {
    expect(filterConditions({ from: '2026-11-21T10:00:00' }).values).toEqual(['2026-11-21T10:00:00.000Z']);
  });

  it('have cursors that only we can make sense of', () => {
    const cursor = { time: '2026-11-21T10:00:00.000Z', id: '0193a3c0-0000-7000-8000-000000000000' };
    expect(decodeCursor(encodeCursor(cursor))).toEqual(cursor);
    expect(() => decodeCursor(Buffer.from("2026|'x'").toString('base64url'))).toThrow('cursor');
  });
});

describe('addresses of sinks', () => {
  it.each([
    '169.254.169.254',
    'fe80::1',
    '0.0.0.0',
    '::',
    '224.0.0.1',
    '255.255.255.255',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    'fd00:ec2::254',
  ])('A-01 refuse %s', (address) => {
    expect(isForbiddenSinkAddress(address)).toBe(true);
  });
  it.each(['127.0.0.1', '10.0.0.5', '192.168.1.1', '203.0.113.9', '::1', 'fd12::1', '2001:4860::1'])(
    'allow %s',
    (address) => {
      expect(isForbiddenSinkAddress(address)).toBe(false);
    },
  );
});

describe('syslog facilities', () => {
  it.each([
    ['local0', 16],
    ['AUTHPRIV', 10],
    [23, 23],
    ['4', 4],
    [24, undefined],
    ['local9', undefined],
    [null, undefined],
    [1.5, undefined],
  ])('%j is %j', (facility, code) => {
    expect(facilityCode(facility)).toBe(code);
  });
  it('have names', () => {
    expect(facilityName(16)).toBe('local0');
  });
});
