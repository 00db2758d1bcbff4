import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import type { AuditEvent } from '../../../src/modules/audit/audit.port.js';
import { auditEvent } from '../../factories/audit-event.js';

/** What events are made of. */
export interface Ingredients {
  readonly time: fc.Arbitrary<number>;
  readonly text: fc.Arbitrary<string>;
  readonly whole: fc.Arbitrary<number>;
  readonly large: fc.Arbitrary<number>;
  readonly duration: fc.Arbitrary<number>;
}

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '"',
    '\\',
    '\u0000',
    '\\u0000',
    '{}',
    'null',
    '\ud800',
    'a'.repeat(5000),
    'Bearer abcdefgh',
  ),
);
/** Within what the columns take. */
const whole = fc.oneof(
  fc.integer(),
  fc.constantFrom(0, -0, -0.5, 1.9, NaN, Infinity, 2 ** 31 - 1, -(2 ** 31)),
);
const large = fc.oneof(
  whole,
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  fc.constantFrom(2 ** 60, 12345.0),
);
const duration = fc.oneof(
  fc.double({ min: 0, max: 1e9, noNaN: true }),
  whole,
  fc.constantFrom(1e21, 1e-7, 1e15),
);
const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('fe80::1%eth0', 'unknown', ''));
const MIDNIGHT = Date.UTC(2026, 10, 21);

/** Events that have anything, or nothing, in each of their fields. */
export function eventsOf({ time, text, whole, large, duration }: Ingredients): fc.Arbitrary<AuditEvent> {
  return fc
    .record({
      time,
      requestId: maybe(text),
      decision: fc.constantFrom('forwarded' as const, 'denied' as const),
      category: fc.constantFrom('request' as const, 'admin' as const),
      reason: maybe(fc.constantFrom('ip_not_allowed', 'token_scope')),
      detail: maybe(text),
      application: maybe(text),
      method: maybe(text),
      path: maybe(text),
      query: maybe(text),
      status: maybe(whole),
      user: maybe(text),
      credentialKind: maybe(fc.constantFrom('pat' as const, 'basic' as const)),
      credentialId: maybe(text),
      credentialName: maybe(text),
      credentialProvider: maybe(text),
      clientIp: maybe(address),
      peerIp: maybe(address),
      userAgent: maybe(text),
      durationMs: maybe(duration),
      upstreamMs: maybe(duration),
      requestBytes: maybe(large),
      responseBytes: maybe(large),
      wouldDeny: maybe(fc.array(fc.constantFrom('ip_not_allowed', 'read_only_user'), { maxLength: 30 })),
      configVersion: maybe(whole),
      target: maybe(text),
      before: maybe(fc.jsonValue()),
      after: maybe(fc.jsonValue()),
    })
    .map((fields) => {
      const id = uuidv7();
      return { ...auditEvent(fields), id, requestId: fields.requestId ?? id };
    });
}

/** An event with anything in it that the gateway could come by, and that PostgreSQL takes. */
export const anyEvent = eventsOf({
  time: fc.oneof(
    fc.integer({ min: MIDNIGHT - 2000, max: MIDNIGHT + 2000 }),
    fc.double({ min: MIDNIGHT - 2000, max: MIDNIGHT + 2000, noNaN: true }),
  ),
  text,
  whole,
  large,
  duration,
});
