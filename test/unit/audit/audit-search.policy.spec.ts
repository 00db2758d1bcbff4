import {
  FIRST_SPAN_MS,
  nextSpan,
  smallerSpan,
  statementLimit,
} from '../../../src/modules/audit/audit-search.policy.js';

describe('the steps of a search', () => {
  it('grow eightfold at most while they are quick, and shrink when they are slow', () => {
    expect(nextSpan(FIRST_SPAN_MS, 1)).toBe(FIRST_SPAN_MS * 8);
    expect(nextSpan(FIRST_SPAN_MS, 150)).toBe(FIRST_SPAN_MS);
    expect(nextSpan(FIRST_SPAN_MS, 300)).toBe(FIRST_SPAN_MS / 2);
    expect(nextSpan(FIRST_SPAN_MS, 60_000)).toBe(FIRST_SPAN_MS / 8);
  });

  it('span ten years in a few statements when nothing is there', () => {
    let span = FIRST_SPAN_MS;
    let covered = 0;
    let steps = 0;
    for (; covered < 10 * 365 * 86_400_000; steps++) {
      covered += span;
      span = nextSpan(span, 2);
    }
    expect(steps).toBeLessThan(16);
  });

  it('never get smaller than a second, and then there is nothing to try any more', () => {
    let span: number | undefined = FIRST_SPAN_MS;
    const tried: number[] = [];
    for (; span !== undefined; span = smallerSpan(span)) tried.push(span);
    expect(tried.at(-1)).toBe(1000);
    expect(tried).toHaveLength(5);
    expect(nextSpan(1000, 10_000)).toBe(1000);
  });

  it('get a moment even when the time of the page is over, and long when they are as small as can be', () => {
    expect(statementLimit(FIRST_SPAN_MS, -50)).toBe(250);
    expect(statementLimit(FIRST_SPAN_MS, 600)).toBe(600);
    expect(statementLimit(1000, 600)).toBe(10_000);
  });
});
