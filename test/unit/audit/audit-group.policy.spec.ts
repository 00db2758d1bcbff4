import fc from 'fast-check';
import { eventsOf, groupLine, linesOfRows } from '../../../src/modules/audit/audit-group.policy.js';
import { GroupWriter } from '../../../src/modules/audit/audit-group-writer.policy.js';
import { toRow } from '../../../src/modules/audit/audit-row.policy.js';
import type { AuditEvent } from '../../../src/modules/audit/audit.port.js';
import { auditEvent, deniedEvent } from '../../factories/audit-event.js';
import { eventsOf as anyEventOf } from '../../support/audit/any-event.js';
import { rowsOf } from '../../support/audit/stored-groups.js';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '"',
    '\\',
    '/rest/api/2/search',
    'rgt_secret',
    'Bearer abcdefgh',
    'a'.repeat(300),
    'b'.repeat(5000),
  ),
);
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, NaN, Infinity, 1e21, 0.0004));
const event = anyEventOf({
  time: fc.oneof(
    fc.integer({ min: 0, max: 4e12 }),
    fc.integer({ min: 1_763_700_000_000, max: 1_763_700_003_000 }),
  ),
  text,
  whole: number,
  large: number,
  duration: number,
});

const LINK = { chain: '2026-11-21/w-0', first: 7, previous: 'the hash before' };
const writer = new GroupWriter();

/** What is written of events, as it is found on the disk. */
function written(...events: AuditEvent[]): string {
  for (const any of events) writer.add(any);
  expect(writer.count).toBe(events.length);
  const bytes = Buffer.from(writer.end(LINK).line);
  expect(Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes)).toBe(true);
  return bytes.toString('utf8');
}

/** What the database's rows must give again. */
function expected(...events: AuditEvent[]): string {
  return `${groupLine({ ...LINK, rows: events.map(toRow) })}\n`;
}

describe('The text of a group of events', () => {
  it('is byte for byte what its rows give, since the hash chain is checked by making it again', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 6 }), fc.nat(), (events, again) => {
        const some = [...events, events[again % events.length] as AuditEvent];
        return written(...some) === expected(...some);
      }),
      { numRuns: 1000 },
    );
  });

  it('is read by the database as the rows were, whatever they hold', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 4 }), (events) => {
        const rows = rowsOf(written(...events)).map(({ chain, seq, hash, previous, ...row }) => {
          expect([chain, previous === null, hash === null]).toEqual([
            LINK.chain,
            seq < LINK.first + events.length - 1,
            seq < LINK.first + events.length - 1,
          ]);
          return row;
        });
        expect(rows).toEqual(events.map((any) => JSON.parse(JSON.stringify(toRow(any))) as unknown));
      }),
      { numRuns: 500 },
    );
  });

  it('holds what several events have in common once', () => {
    const first = auditEvent();
    const events = Array.from({ length: 50 }, (_unused, n) => ({
      ...first,
      durationMs: n,
      path: `/p/${n % 2}`,
    }));
    const text = written(...events);
    expect(text).toBe(expected(...events));
    expect(text.split('"nightly build"')).toHaveLength(2);
    expect(text.split('"/p/1"')).toHaveLength(2);
  });

  it('holds a part once although it was forgotten and made anew meanwhile', () => {
    const others = Array.from({ length: 5100 }, (_unused, n) => auditEvent({ path: `/forget/${n}` }));
    const events = [auditEvent({ path: '/kept' }), ...others, auditEvent({ path: '/kept' })];
    expect(written(...events)).toBe(expected(...events));
  });

  it('begins anew when a group ends: numbers of parts are those of one group', () => {
    const other = new GroupWriter();
    const [a, b] = [auditEvent({ path: '/a' }), auditEvent({ path: '/b' })];
    other.add(b);
    expect(written(a, b)).toBe(expected(a, b));
    other.add(a);
    expect(Buffer.from(other.end(LINK).line).toString()).toBe(expected(b, a));
    expect(written(b)).toBe(expected(b));
  });

  it('counts bytes, not characters, of what it holds: it has to end in time', () => {
    const wide = new GroupWriter();
    for (let n = 0; n < 100; n++) wide.add(auditEvent({ detail: 'ж'.repeat(500) }));
    expect(wide.bytes).toBeGreaterThan(100 * 1000);
    expect(wide.end(LINK).line.length).toBeGreaterThan(100 * 1000);
  });

  it('says how many events it has, also when it is cut off', () => {
    const line = Buffer.from(written(...Array.from({ length: 12 }, () => auditEvent())));
    expect([line, line.subarray(0, 20)].map(eventsOf)).toEqual([12, 12]);
    for (const bad of ['', '{"n":', '{"n":0,', '{"n":9999999999,', 'no JSON', '{"m":7}'])
      expect(eventsOf(Buffer.from(bad))).toBe(1);
  });

  it('can be taken apart into its rows, of which the last keeps the hash', () => {
    const events = [auditEvent({ path: '/a' }), deniedEvent({ path: '/b' }), auditEvent({ path: '/c' })];
    const line = written(...events);
    const apart = linesOfRows(Buffer.from(line)).flatMap((own) => {
      const [row] = rowsOf(own);
      return [{ ...row, hash: row?.hash ?? null, previous: row?.previous ?? null }];
    });
    expect(apart).toEqual(rowsOf(line));
    // Each with its own parts: otherwise a thousand rows would be a thousand times the group.
    expect(linesOfRows(Buffer.from(line)).map((own) => own.split('"p":"/').length)).toEqual([2, 2, 2]);
    for (const bad of ['', 'no JSON', '[]', '7', 'null', '{"r":1}', '{}'])
      expect(linesOfRows(Buffer.from(bad))).toEqual([]);
  });

  it('is so when its id is the id of the request, and when a text was seen before', () => {
    const own = auditEvent();
    for (const any of [
      { ...own, requestId: own.id },
      deniedEvent(),
      deniedEvent(),
      auditEvent({ category: 'admin' }),
      auditEvent({ path: undefined, user: undefined, credentialId: undefined, clientIp: undefined }),
      auditEvent({ path: '', user: '', credentialId: '', clientIp: '' }),
    ])
      expect(written(any)).toBe(expected(any));
  });

  it.each([
    { application: 'confluence' },
    { application: undefined },
    { method: 'POST' },
    { user: 'bob' },
    { credentialKind: 'pat' as const },
    { credentialName: undefined },
    { credentialProvider: 'keycloak' },
    { peerIp: undefined },
    { peerIp: '10.0.0.2' },
    { userAgent: undefined },
    { status: 201 },
    { status: 201.9 },
    { status: -1 },
    { status: 600 },
    { query: '?fields=summary&access_token=abc' },
  ])('is not taken from another event that differs in %j', (over) => {
    const first = auditEvent();
    for (const any of [first, { ...first, ...over }, first, { ...first, ...over }])
      expect(written(any)).toBe(expected(any));
  });

  it('is so for more variants than are remembered', () => {
    for (let n = 0; n < 40; n++) {
      const credentialName = `name ${n % 11}`;
      const any = auditEvent({
        method: `M${n % 13}`,
        credentialId: 'c',
        credentialName,
        peerIp: `10.0.1.${n % 12}`,
      });
      expect(written(any)).toBe(expected(any));
    }
  });

  it('is so for more texts than are remembered', () => {
    for (let n = 0; n < 5100; n++) {
      const any = auditEvent({
        path: `/p/${n}`,
        query: `?q=${n}`,
        userAgent: `a/${n}`,
        clientIp: `10.0.${n >> 8}.${n & 255}`,
      });
      expect(written(any)).toBe(expected(any));
    }
  });

  it('is so for texts that are not ASCII: users, paths, what the client says it is', () => {
    const foreign = {
      user: 'Jürgen 王',
      path: '/wiki/Übersicht/😀',
      userAgent: 'škoda/1 \ud800',
      query: '?q=ß',
    };
    for (let round = 0; round < 2; round++)
      expect(written(auditEvent(foreign))).toMatch(/"p":"\/wiki\/Übersicht\/😀".*"q":"q=ß"/u);
    const any = auditEvent(foreign);
    expect(written(any)).toBe(expected(any));
  });

  it.each([
    0,
    0.0004,
    0.001,
    0.01,
    0.1,
    1,
    9.999,
    12.3456,
    999.9995,
    1e6 + 0.25,
    123_456_789.012,
    1e6 - 0.001,
    1e6,
    1e9,
    1e15,
    Number.MAX_SAFE_INTEGER / 1000,
    2 ** 60,
    -1.5,
  ])('writes the duration %p as JSON does', (durationMs) => {
    const any = auditEvent({ durationMs, upstreamMs: durationMs * 3, responseBytes: durationMs * 1000 });
    expect(written(any)).toBe(expected(any));
  });

  it('is so at all times, from second to second and far away', () => {
    const now = Date.parse('2026-11-21T23:59:59.998Z');
    for (const time of [
      now,
      now + 1,
      now + 2,
      now + 3,
      now - 5000,
      0,
      -1,
      -1000.5,
      1.7,
      253_402_300_800_000,
    ]) {
      const any = auditEvent({ time });
      expect(written(any)).toBe(expected(any));
    }
    for (const over of [{ time: Number.NaN }, { time: 9e15 }, { id: 'no uuid' }, { after: { big: 1n } }])
      expect(() => writer.add(auditEvent({ path: '/throws', ...over }))).toThrow(/time|id|BigInt/);
    // Not by its type, but it must not leave half of itself in the group.
    const noText = { userAgent: null } as unknown as Partial<AuditEvent>;
    const broken = auditEvent({ path: '/throws', ...noText });
    expect(() => writer.add({ ...broken, requestId: broken.id })).toThrow(TypeError);
    const after = auditEvent();
    expect(written(after)).toBe(expected(after));
    expect(rowsOf(written(auditEvent({ time: now })))[0]?.time).toBe('2026-11-21T23:59:59.998Z');
  });

  it('is so for changes by admins, with what was before and after', () => {
    const change = auditEvent({ before: { a: 1 }, after: ['"'], target: 'applications/jira' });
    expect(written(change)).toBe(expected(change));
  });

  it('holds no secret, also where the same text comes again', () => {
    const secret = 'rgt_0123456789012345678901234567890123456789abcdef';
    const any = auditEvent({
      path: `/rest/${secret}`,
      query: `?x=${secret}`,
      user: secret,
      userAgent: secret,
      detail: secret,
      credentialName: secret,
      requestId: secret,
      method: secret,
      application: secret,
      target: secret,
    });
    for (let round = 0; round < 2; round++) expect(written(any)).not.toContain('rgt_');
  });
});
