/**
 * The counts of `audit_statistics`: requests by UTC hour, application, decision, reason and user, and in each row how
 * they spread over buckets of durations. What an event does not have is ''.
 */
export const LEVEL = {
  byUser: 0,
  /** Far fewer rows: whatever is not about users comes from them. */
  allUsers: 1,
} as const;

/** What is counted apart. */
export const COUNTED = 'hour, application, decision, reason, username, bucket';

/** In milliseconds: what is shorter counts as this long. */
export const SHORTEST_MS = 0.001;
/** The end of each bucket of durations is this much above its begin. */
export const BUCKET_WIDTH = 0.1;
const LONGEST_MS = 1e9;

const BUCKET = `(CASE WHEN duration_ms IS NULL THEN 0
  ELSE 1 + floor(ln(least(greatest(duration_ms, ${SHORTEST_MS}), ${LONGEST_MS}) / ${SHORTEST_MS}) / ln(${1 + BUCKET_WIDTH}::float8)) END)::smallint`;

/** The requests among the rows of `source` that match, each as what it counts as, `n` times. */
export function countedRows(source: string, n: 1 | -1, where = 'true'): string {
  return `SELECT date_trunc('hour', time AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS hour,
      coalesce(application, '') COLLATE "C" AS application, decision COLLATE "C" AS decision,
      coalesce(reason, '') COLLATE "C" AS reason, coalesce(username, '') COLLATE "C" AS username,
      ${BUCKET} AS bucket, ${n} AS n
    FROM ${source} WHERE category = 'request' AND ${where}`;
}

/**
 * Notes counts that are to be added: one row per statement, instead of one change per count, which would take a third
 * of the time of writing the events, and for which writers would wait for one another.
 */
export function noteSql(rows: string): string {
  return `INSERT INTO audit_statistics_pending
      (entries, hours, applications, decisions, reasons, usernames, buckets, counts)
    SELECT count(*), array_agg(hour), array_agg(application), array_agg(decision), array_agg(reason),
           array_agg(username), array_agg(bucket), array_agg(n)
      FROM (${rows}) AS noted HAVING count(*) > 0`;
}

/** The counts that rows of `audit_statistics_pending` hold. */
export function notedRows(source: string): string {
  return `SELECT noted.* FROM ${source} AS pending,
      unnest(hours, applications, decisions, reasons, usernames, buckets, counts)
        AS noted(hour, application, decision, reason, username, bucket, n)`;
}
