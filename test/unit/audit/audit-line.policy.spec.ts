import fc from 'fast-check';
import { rowJson } from '../../../src/modules/audit/audit-chain.policy.js';
import { eventJson } from '../../../src/modules/audit/audit-line.policy.js';
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

describe('The line of an event', () => {
  it('is byte for byte the JSON of its row, since the hash chain is checked by making the row again', () => {
    fc.assert(
      fc.property(event, (any) => eventJson(any) === rowJson(toRow(any))),
      { numRuns: 5000 },
    );
  });

  it('is so when its id is the id of the request, and when a text was seen before', () => {
    const own = auditEvent();
    for (const any of [
      { ...own, requestId: own.id },
      deniedEvent(),
      deniedEvent(),
      auditEvent({ category: 'admin' }),
    ])
      expect(eventJson(any)).toBe(rowJson(toRow(any)));
  });

  it('is so for changes by admins, with what was before and after', () => {
    const change = auditEvent({ before: { a: 1 }, after: ['"'], target: 'applications/jira' });
    expect(eventJson(change)).toBe(rowJson(toRow(change)));
  });
});
