/**
 * A search looks back in steps: each is one statement over a span of time, next to the one before. Whatever is
 * searched for, a statement is small then, and what was found so far can be shown after any of them.
 */
export const FIRST_SPAN_MS = 10 * 60_000;
const SMALLEST_SPAN_MS = 1000;
const LARGEST_SPAN_MS = 400 * 86_400_000;
/** What a statement should take: long enough that few are needed, short enough that a page is there soon. */
const TARGET_MS = 150;
const LARGEST_STEP = 8;

/** A page is answered with what was found when this time is over. */
export const PAGE_BUDGET_MS = 800;
/** What a statement may take at least, however little is left of the page's time. */
const SHORTEST_STATEMENT_MS = 250;
/** There is nothing smaller to try: rather wait for this one. */
const LAST_STATEMENT_MS = 10_000;

/** How far the next statement looks back, after one over `span` that took `tookMs`. */
export function nextSpan(span: number, tookMs: number): number {
  const factor = Math.min(LARGEST_STEP, Math.max(1 / LARGEST_STEP, TARGET_MS / Math.max(tookMs, 1)));
  return Math.min(LARGEST_SPAN_MS, Math.max(SMALLEST_SPAN_MS, Math.round(span * factor)));
}

/** The span to try after one that took too long; undefined when there is no smaller one. */
export function smallerSpan(span: number): number | undefined {
  if (span <= SMALLEST_SPAN_MS) return undefined;
  return Math.max(SMALLEST_SPAN_MS, Math.round(span / LARGEST_STEP));
}

/** After this time a statement over `span` is given up. */
export function statementLimit(span: number, leftMs: number): number {
  if (span <= SMALLEST_SPAN_MS) return LAST_STATEMENT_MS;
  return Math.max(SHORTEST_STATEMENT_MS, Math.round(leftMs));
}
