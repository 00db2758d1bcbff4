const DAY_MS = 86_400_000;

/** The UTC day of a time, `YYYY-MM-DD`. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** The day `count` days after (before, when negative). */
export function dayAfter(day: string, count: number): string {
  return dayOf(startOfDay(day) + count * DAY_MS);
}

export function startOfDay(day: string): number {
  return Date.parse(`${day}T00:00:00.000Z`);
}

/** Name of the table that holds a day's events or counts. Throws for what is no day: it becomes part of a statement. */
export function partitionOf(
  day: string,
  parent: 'audit_events' | 'audit_statistics' = 'audit_events',
): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) throw new Error(`${day} is not a day.`);
  return `${parent}_p${day.replaceAll('-', '')}`;
}

export interface DayRows {
  readonly day: string;
  readonly rows: number;
}

export interface PrunePlan {
  /** Days that go as a whole, oldest first. */
  readonly wholeDays: readonly string[];
  /** The day that goes in part: what is older than `before`, and in all at least the `excess` oldest events. */
  readonly part?: { readonly day: string; readonly before: number; readonly excess: number };
}

/**
 * What retention deletes at `now`: events older than `days`, and the oldest beyond `entries`, whichever is more.
 * Null means without limit. `held` are the days that hold events, in any order.
 */
export function planPrune(
  held: readonly DayRows[],
  retention: { readonly days: number | null; readonly entries: number | null },
  now: number,
): PrunePlan {
  const newestFirst = [...held].sort((a, b) => (a.day < b.day ? 1 : -1));
  const cutoff = retention.days === null ? -Infinity : now - retention.days * DAY_MS;
  const wholeDays: string[] = [];
  let part: PrunePlan['part'];
  let kept = 0;
  for (const { day, rows } of newestFirst) {
    const room = (retention.entries ?? Infinity) - kept;
    kept += rows;
    if (startOfDay(day) + DAY_MS <= cutoff || room <= 0) wholeDays.push(day);
    else if (startOfDay(day) < cutoff || rows > room)
      part = { day, before: cutoff, excess: Math.max(0, rows - room) };
  }
  return { wholeDays: wholeDays.reverse(), ...(part && { part }) };
}
