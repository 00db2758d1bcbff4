import { dayAfter, startOfDay } from './audit-days.policy.js';
import type { AuditFilterQuery } from './dto/audit-filter.dto.js';

const HOUR_MS = 3_600_000;

/** From the first moment on, to the second one, which does not belong to it. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A time whose events are read one by one, to be added to the counts or taken off them. */
export interface ReadSpan extends Span {
  readonly sign: 1 | -1;
}

/** How figures of a time come from the counts of whole hours and from events. */
export interface ReadingPlan {
  /** On the borders of hours. Empty: no counts are used. */
  readonly hours: Span;
  /** Days in it whose counts are not to be used. */
  readonly without: readonly string[];
  readonly events: readonly ReadSpan[];
}

const KNOWN_TO_COUNTS = new Set(['from', 'to', 'decision', 'reason', 'application', 'user', 'category']);

/** Whether the counts tell the events apart that this filter tells apart. In them '' stands for what is absent. */
export function isCounted(filter: AuditFilterQuery): boolean {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  return (
    given.every(([name, value]) => KNOWN_TO_COUNTS.has(name) && value !== '') && filter.category !== 'admin'
  );
}

/**
 * Of an hour that is asked for in part, either the events in the part are added to the counts of the other hours, or
 * the others are taken off its own: whichever reads the shorter time that is over by `now`. The events of
 * `uncounted` days are read.
 */
export function planReading(asked: Span, now: number, uncounted: readonly string[]): ReadingPlan {
  const { hours, events } = asked.from < asked.to ? parts(asked, now) : { hours: asked, events: [] };
  if (hours.from >= hours.to) return { hours: { from: 0, to: 0 }, without: [], events };
  const without = uncounted.filter(
    (day) => startOfDay(day) < hours.to && startOfDay(dayAfter(day, 1)) > hours.from,
  );
  return { hours, without, events: [...events, ...wholeDays(without, hours)] };
}

function parts(asked: Span, now: number): { hours: Span; events: readonly ReadSpan[] } {
  const first = hourOf(asked.from);
  const last = hourOf(asked.to);
  const before = { from: first, to: asked.from };
  const after = { from: asked.to, to: last === asked.to ? last : last + HOUR_MS };
  if (first === last) {
    const outside = past(before, now) + past(after, now);
    return past(asked, now) <= outside
      ? { hours: { from: 0, to: 0 }, events: [{ ...asked, sign: 1 }] }
      : { hours: { from: first, to: after.to }, events: readSpans(-1, before, after) };
  }
  const begin = edge({ from: asked.from, to: first + HOUR_MS }, before, now);
  const end = edge({ from: last, to: asked.to }, after, now);
  return {
    hours: { from: begin.whole ? first : first + HOUR_MS, to: end.whole ? after.to : last },
    events: [...begin.events, ...end.events],
  };
}

/** Of an hour of which `inside` is asked for: whether its counts are used, and the events that make up for it. */
function edge(inside: Span, outside: Span, now: number): { whole: boolean; events: readonly ReadSpan[] } {
  const whole = past(outside, now) < past(inside, now);
  return { whole, events: whole ? readSpans(-1, outside) : readSpans(1, inside) };
}

function readSpans(sign: 1 | -1, ...spans: readonly Span[]): ReadSpan[] {
  return spans.filter(({ from, to }) => from < to).map((span) => ({ ...span, sign }));
}

/** Days that follow one another are read as one time. */
function wholeDays(days: readonly string[], within: Span): ReadSpan[] {
  const spans: Span[] = [];
  for (const day of [...days].sort()) {
    const from = Math.max(startOfDay(day), within.from);
    const to = Math.min(startOfDay(dayAfter(day, 1)), within.to);
    const last = spans.at(-1);
    if (last?.to === from) spans.splice(-1, 1, { from: last.from, to });
    else spans.push({ from, to });
  }
  return readSpans(1, ...spans);
}

/** Hardly an event is newer than now. */
function past({ from, to }: Span, now: number): number {
  return Math.max(0, Math.min(to, now) - from);
}

function hourOf(time: number): number {
  return Math.floor(time / HOUR_MS) * HOUR_MS;
}
