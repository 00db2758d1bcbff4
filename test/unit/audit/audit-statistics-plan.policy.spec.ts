import { dayOf } from '../../../src/modules/audit/audit-days.policy.js';
import { isCounted, planReading } from '../../../src/modules/audit/audit-statistics-plan.policy.js';
import type { ReadingPlan } from '../../../src/modules/audit/audit-statistics-plan.policy.js';
import { Seeded } from '../../support/seeded.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOON = Date.parse('2026-11-20T12:00:00Z');
const LATER = NOON + 30 * DAY;

/** What a plan counts of events of these times. */
function countBy({ hours, without, events }: ReadingPlan, times: readonly number[]): number {
  const inHours = times.filter((time) => {
    const hour = Math.floor(time / HOUR) * HOUR;
    return hour >= hours.from && hour < hours.to && !without.includes(dayOf(hour));
  });
  return events.reduce(
    (sum, { from, to, sign }) => sum + sign * times.filter((time) => time >= from && time < to).length,
    inHours.length,
  );
}

describe('the plan of reading figures', () => {
  it('reads no event when the time is on the borders of hours', () => {
    expect(planReading({ from: NOON, to: NOON + 3 * HOUR }, LATER, [])).toEqual({
      hours: { from: NOON, to: NOON + 3 * HOUR },
      without: [],
      events: [],
    });
  });

  it.each([
    [
      'adds a short part of an hour',
      { from: NOON + 50 * MINUTE, to: NOON + 3 * HOUR + 10 * MINUTE },
      { from: NOON + HOUR, to: NOON + 3 * HOUR },
      [
        { from: NOON + 50 * MINUTE, to: NOON + HOUR, sign: 1 },
        { from: NOON + 3 * HOUR, to: NOON + 3 * HOUR + 10 * MINUTE, sign: 1 },
      ],
    ],
    [
      'takes a short rest of an hour off',
      { from: NOON + 10 * MINUTE, to: NOON + 3 * HOUR + 50 * MINUTE },
      { from: NOON, to: NOON + 4 * HOUR },
      [
        { from: NOON, to: NOON + 10 * MINUTE, sign: -1 },
        { from: NOON + 3 * HOUR + 50 * MINUTE, to: NOON + 4 * HOUR, sign: -1 },
      ],
    ],
    [
      'reads a short time within one hour',
      { from: NOON + 10 * MINUTE, to: NOON + 30 * MINUTE },
      { from: 0, to: 0 },
      [{ from: NOON + 10 * MINUTE, to: NOON + 30 * MINUTE, sign: 1 }],
    ],
    [
      'takes both ends off a long time within one hour',
      { from: NOON + 5 * MINUTE, to: NOON + 55 * MINUTE },
      { from: NOON, to: NOON + HOUR },
      [
        { from: NOON, to: NOON + 5 * MINUTE, sign: -1 },
        { from: NOON + 55 * MINUTE, to: NOON + HOUR, sign: -1 },
      ],
    ],
    [
      'reads two parts of hours and nothing between',
      { from: NOON + 50 * MINUTE, to: NOON + 70 * MINUTE },
      { from: 0, to: 0 },
      [
        { from: NOON + 50 * MINUTE, to: NOON + HOUR, sign: 1 },
        { from: NOON + HOUR, to: NOON + 70 * MINUTE, sign: 1 },
      ],
    ],
    [
      'reads nothing of a time that ends before it begins',
      { from: NOON, to: NOON - 1 },
      { from: 0, to: 0 },
      [],
    ],
  ])('%s', (_name, asked, hours, events) => {
    expect(planReading(asked, LATER, [])).toEqual({ hours, without: [], events });
  });

  it('does not read the hour that has just begun: what is not over yet costs nothing', () => {
    const now = NOON + 20 * MINUTE;
    expect(planReading({ from: NOON - DAY, to: now + 1 }, now, [])).toEqual({
      hours: { from: NOON - DAY, to: NOON + HOUR },
      without: [],
      events: [{ from: now + 1, to: NOON + HOUR, sign: -1 }],
    });
  });

  it('reads the events of days that are not counted, days that follow one another at once', () => {
    const plan = planReading({ from: NOON - 4 * DAY, to: NOON }, LATER, [
      '2026-11-20',
      '2026-11-18',
      '2026-11-19',
      '2026-11-16',
      '2026-11-10',
    ]);
    const midnight = NOON - 12 * HOUR;
    expect(plan.without).toEqual(['2026-11-20', '2026-11-18', '2026-11-19', '2026-11-16']);
    expect(plan.events).toEqual([
      { from: NOON - 4 * DAY, to: midnight - 3 * DAY, sign: 1 },
      { from: midnight - 2 * DAY, to: NOON, sign: 1 },
    ]);
  });

  it('counts every event of the time once, and no other, whatever the time', () => {
    const random = new Seeded(20261120);
    const times = Array.from({ length: 400 }, () => NOON + random.below(4 * DAY));
    times.push(...Array.from({ length: 97 }, (_unused, hour) => NOON + hour * HOUR));
    const days = [0, 1, 2, 3, 4].map((day) => dayOf(NOON + day * DAY));
    for (let round = 0; round < 2000; round++) {
      const step = [1, MINUTE, HOUR][round % 3] ?? 1;
      const from = NOON + Math.floor(random.below(4 * DAY) / step) * step;
      const longest = random.pick([HOUR / 2, 2 * HOUR, 2 * DAY]);
      const to = from + Math.floor(random.below(longest) / step) * step;
      const uncounted = days.filter(() => random.below(10) < 3);
      const plan = planReading({ from, to }, NOON + random.below(5 * DAY), uncounted);
      const expected = times.filter((time) => time >= from && time < to).length;
      expect({ from, to, uncounted, count: countBy(plan, times) }).toEqual({
        from,
        to,
        uncounted,
        count: expected,
      });
      const read = plan.events.reduce((sum, span) => sum + span.to - span.from, 0);
      if (uncounted.length === 0) expect(read).toBeLessThanOrEqual(2 * HOUR);
    }
  });
});

describe('filters of statistics', () => {
  it.each([
    [{}, true],
    [{ from: 'x', to: 'y', user: 'u', application: 'a', decision: 'denied', reason: 'r' }, true],
    [{ category: 'request', path: undefined }, true],
    [{ category: 'admin' }, false],
    [{ path: '/rest' }, false],
    [{ user: 'u', status: '4xx' }, false],
    [{ reason: '' }, false],
    [{ application: '' }, false],
    [{ user: '' }, false],
  ] as const)('%j: the counts know them: %s', (filter, counted) => {
    expect(isCounted(filter)).toBe(counted);
  });
});
