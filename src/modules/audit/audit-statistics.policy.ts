import type { AuditCountView, AuditFiguresView, AuditHourView } from './dto/audit-statistics.dto.js';

/** One group of the statistics query. The totals have no value, and only they have p50 and p95. */
export type StatisticsGroup = readonly [
  dimension: 'total' | 'decision' | 'reason' | 'user' | 'application',
  value: string | null,
  count: number,
  p50: number | null,
  p95: number | null,
];

/** The groups of an hour, the most frequent first. `hour` null: of all hours. */
export interface StatisticsRow {
  readonly hour: Date | null;
  readonly groups: readonly StatisticsGroup[];
}

const LISTS = {
  decision: 'decisions',
  reason: 'reasons',
  user: 'users',
  application: 'applications',
} as const;

/** Sorts the groups into the figures of the whole time and of each hour. */
export function statisticsOf(rows: readonly StatisticsRow[]): AuditFiguresView & { hours: AuditHourView[] } {
  let all = emptyFigures();
  const hours: AuditHourView[] = [];
  for (const { hour, groups } of rows) {
    if (hour === null) all = figuresOf(groups);
    else hours.push({ hour: hour.toISOString(), ...figuresOf(groups) });
  }
  return { ...all, hours: hours.sort((a, b) => (a.hour < b.hour ? -1 : 1)) };
}

function figuresOf(groups: readonly StatisticsGroup[]): AuditFiguresView {
  const figures = emptyFigures();
  for (const [dimension, value, count, p50, p95] of groups) {
    if (dimension === 'total') {
      figures.total = count;
      figures.p50Ms = rounded(p50);
      figures.p95Ms = rounded(p95);
      continue;
    }
    const list: AuditCountView[] = figures[LISTS[dimension]];
    list.push({ value, count });
  }
  return figures;
}

function emptyFigures(): AuditFiguresView {
  return { total: 0, decisions: [], reasons: [], users: [], applications: [], p50Ms: null, p95Ms: null };
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1000) / 1000;
}
