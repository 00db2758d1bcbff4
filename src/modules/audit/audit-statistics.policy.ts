import type { AuditCountView, AuditFiguresView, AuditHourView } from './dto/audit-statistics.dto.js';

/** One group of the statistics query: `dimension` undefined means the group's totals. `hour` null: all hours. */
export interface StatisticsRow {
  readonly hour: Date | null;
  readonly dimension: 'total' | 'decision' | 'reason' | 'user' | 'application';
  readonly value: string | null;
  readonly count: string;
  readonly p50: number | null;
  readonly p95: number | null;
}

const LISTS = {
  decision: 'decisions',
  reason: 'reasons',
  user: 'users',
  application: 'applications',
} as const;

/** Sorts the groups into the figures of the whole time and of each hour. */
export function statisticsOf(rows: readonly StatisticsRow[]): AuditFiguresView & { hours: AuditHourView[] } {
  const all = emptyFigures();
  const hours = new Map<string, AuditHourView>();
  for (const row of rows) {
    if (row.hour === null) addRow(all, row);
    else addRow(hourOf(hours, row.hour.toISOString()), row);
  }
  return { ...all, hours: [...hours.values()].sort((a, b) => (a.hour < b.hour ? -1 : 1)) };
}

function hourOf(hours: Map<string, AuditHourView>, hour: string): AuditHourView {
  const known = hours.get(hour);
  if (known) return known;
  const figures = { hour, ...emptyFigures() };
  hours.set(hour, figures);
  return figures;
}

function addRow(figures: AuditFiguresView, row: StatisticsRow): void {
  if (row.dimension === 'total') {
    figures.total = Number(row.count);
    figures.p50Ms = rounded(row.p50);
    figures.p95Ms = rounded(row.p95);
    return;
  }
  const list: AuditCountView[] = figures[LISTS[row.dimension]];
  list.push({ value: row.value, count: Number(row.count) });
}

function emptyFigures(): AuditFiguresView {
  return { total: 0, decisions: [], reasons: [], users: [], applications: [], p50Ms: null, p95Ms: null };
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1000) / 1000;
}
