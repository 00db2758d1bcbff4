import { readTraceContext } from '../../../../src/platform/tracing/trace-context.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const GOOD = `00-${TRACE}-${SPAN}-01`;

describe('the trace context of a caller', () => {
  it('is read from traceparent and tracestate', () => {
    expect(readTraceContext(GOOD, 'vendor=abc,tenant@other=x')).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      sampled: true,
      state: 'vendor=abc,tenant@other=x',
    });
    expect(readTraceContext(`00-${TRACE}-${SPAN}-00`, undefined)).toMatchObject({ sampled: false });
  });

  it('may be of a later version, which may say more', () => {
    expect(readTraceContext(`01-${TRACE}-${SPAN}-01-more`, undefined)).toMatchObject({ traceId: TRACE });
    expect(readTraceContext(`01-${TRACE}-${SPAN}-01`, undefined)).toMatchObject({ traceId: TRACE });
  });

  it.each([
    undefined,
    '',
    'garbage',
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-01\r\nX-Evil: 1`,
    ` ${GOOD}`,
    `01-${TRACE}-${SPAN}-01-${'a'.repeat(200)}`,
  ])('is none when traceparent is %j', (traceparent) => {
    expect(readTraceContext(traceparent, 'vendor=abc')).toBeUndefined();
  });

  it.each([
    'Vendor=upper',
    'novalue',
    'a=1,a=2',
    'a=b=c',
    'a=ä',
    `a=${'x'.repeat(600)}`,
    Array.from({ length: 33 }, (_, i) => `k${i}=1`).join(','),
    '',
  ])('goes on without a malformed tracestate: %j', (tracestate) => {
    expect(readTraceContext(GOOD, tracestate)).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      sampled: true,
      state: undefined,
    });
  });
});
