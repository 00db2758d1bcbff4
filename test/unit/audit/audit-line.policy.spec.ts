import fc from 'fast-check';
import { ByteText } from '../../../src/lib/byte-text.js';
import { rowJson } from '../../../src/modules/audit/audit-chain.policy.js';
import { writeRow } from '../../../src/modules/audit/audit-line.policy.js';
import { toRow } from '../../../src/modules/audit/audit-row.policy.js';
import type { AuditEvent } from '../../../src/modules/audit/audit.port.js';
import { auditEvent, deniedEvent } from '../../factories/audit-event.js';

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
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
const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('fe80::1%eth0', 'unknown', ''));

const event: fc.Arbitrary<AuditEvent> = fc
  .record({
    time: fc.oneof(
      fc.integer({ min: 0, max: 4e12 }),
      fc.integer({ min: 1_763_700_000_000, max: 1_763_700_003_000 }),
    ),
    requestId: text,
    decision: fc.constantFrom('forwarded' as const, 'denied' as const),
    reason: maybe(fc.constantFrom('ip_not_allowed', 'token_scope')),
    detail: maybe(text),
    application: maybe(text),
    method: maybe(text),
    path: maybe(text),
    query: maybe(text),
    status: maybe(number),
    user: maybe(text),
    credentialId: maybe(text),
    credentialName: maybe(text),
    credentialProvider: maybe(text),
    clientIp: maybe(address),
    peerIp: maybe(address),
    userAgent: maybe(text),
    durationMs: maybe(number),
    upstreamMs: maybe(number),
    requestBytes: maybe(number),
    responseBytes: maybe(number),
    wouldDeny: maybe(fc.array(fc.constantFrom('ip_not_allowed', 'read_only_user'), { maxLength: 30 })),
    configVersion: maybe(number),
    target: maybe(text),
  })
  .map((fields) => auditEvent(fields as Partial<AuditEvent>));

const out = new ByteText();

/** What is written, as it is found on the disk. */
function written(any: AuditEvent): string {
  out.begin();
  writeRow(any, out);
  const bytes = out.bytes.subarray(0, out.length);
  expect(Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes)).toBe(true);
  return bytes.toString('utf8');
}

describe('The line of an event', () => {
  it('is byte for byte the JSON of its row, since the hash chain is checked by making the row again', () => {
    fc.assert(
      fc.property(event, (any) => written(any) === rowJson(toRow(any))),
      { numRuns: 5000 },
    );
  });

  it('is so when its id is the id of the request, when it has a short one, and when a text was seen before', () => {
    const own = auditEvent();
    for (const any of [
      { ...own, requestId: own.id },
      auditEvent({ id: 'short', requestId: 'short' }),
      deniedEvent(),
      deniedEvent(),
      auditEvent({ category: 'admin' }),
      auditEvent({ path: undefined, user: undefined, credentialId: undefined, clientIp: undefined }),
      auditEvent({ path: '', user: '', credentialId: '', clientIp: '' }),
    ])
      expect(written(any)).toBe(rowJson(toRow(any)));
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
      expect(written(any)).toBe(rowJson(toRow(any)));
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
      expect(written(any)).toBe(rowJson(toRow(any)));
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
      expect(written(any)).toBe(rowJson(toRow(any)));
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
      expect(written(auditEvent(foreign))).toContain('"p":"/wiki/Übersicht/😀","q":"q=ß"');
    const any = auditEvent(foreign);
    expect(written(any)).toBe(rowJson(toRow(any)));
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
    1e9,
    1e15,
    -1.5,
  ])('writes the duration %p as JSON does', (durationMs) => {
    const any = auditEvent({ durationMs, upstreamMs: durationMs * 3, responseBytes: durationMs * 1000 });
    expect(written(any)).toBe(rowJson(toRow(any)));
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
      expect(written(any)).toBe(rowJson(toRow(any)));
    }
    expect(() => written(auditEvent({ time: Number.NaN }))).toThrow(RangeError);
    expect(written(auditEvent({ time: now }))).toContain('"t":"2026-11-21T23:59:59.998Z"');
  });

  it('is so for changes by admins, with what was before and after', () => {
    const change = auditEvent({ before: { a: 1 }, after: ['"'], target: 'applications/jira' });
    expect(written(change)).toBe(rowJson(toRow(change)));
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
