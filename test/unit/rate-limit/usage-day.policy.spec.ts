import { UsageDay } from '../../../src/modules/rate-limit/usage-day.policy.js';

const HOUR = 3_600_000;
const START = 500_000 * HOUR;

describe('the counts of a day', () => {
  it('add up over 24 hours and then fall out', () => {
    const day = new UsageDay();
    day.add(START);
    day.add(START + 1);
    day.add(START + 23 * HOUR);
    expect(day.total(START + 23 * HOUR)).toBe(3);
    expect(day.total(START + 24 * HOUR)).toBe(1);
    expect(day.total(START + 46 * HOUR)).toBe(1);
    expect(day.total(START + 47 * HOUR)).toBe(0);
  });

  it('survive a clock that jumps back or far ahead', () => {
    const day = new UsageDay();
    day.add(START);
    day.add(START - 5 * HOUR);
    expect(day.total(START)).toBe(2);
    expect(day.total(START + 9000 * HOUR)).toBe(0);
  });
});
