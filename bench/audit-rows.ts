/** Fills the audit log with made-up events, on the server itself: no event travels. */
import pg from 'pg';
import { dayAfter, dayOf, partitionOf } from '../src/modules/audit/audit-days.policy.js';

/** Two days at a time: the machine has two cores. */
const LANES = 2;

/** `rows` events, evenly over the last `days` days. Each day's table is filled before it is attached. */
export async function fillEvents(url: string, rows: number, days: number): Promise<void> {
  const perDay = Math.ceil(rows / days);
  const today = dayOf(Date.now());
  const wanted = Array.from({ length: days }, (_unused, back) => dayAfter(today, back + 1 - days));
  await Promise.all(
    Array.from({ length: LANES }, () =>
      withClient(url, async (client) => {
        for (let day = wanted.shift(); day !== undefined; day = wanted.shift())
          await fillDay(client, day, perDay, days);
      }),
    ),
  );
  await withClient(url, (client) => client.query('VACUUM ANALYZE audit_events'));
}

async function fillDay(client: pg.Client, day: string, rows: number, days: number): Promise<void> {
  const table = partitionOf(day);
  await client.query("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SET jit = off");
  await client.query(`CREATE TABLE ${table} (LIKE audit_events INCLUDING CONSTRAINTS)`);
  await client.query(fillSql(table, day, rows, days));
  await client.query(
    `ALTER TABLE audit_events ATTACH PARTITION ${table} FOR VALUES FROM ('${day} 00:00+00') TO ('${dayAfter(day, 1)} 00:00+00')`,
  );
  await client.query(
    'INSERT INTO audit_chains (chain, day, seq, hash, rows) VALUES ($1, $2, $3::integer, $4, $3::integer)',
    [`${day}/bench-0`, day, rows, 'x'],
  );
}

/** Ids are in the order of time, as those of real events (uuid v7). */
function fillSql(table: string, day: string, rows: number, days: number): string {
  return `
    INSERT INTO ${table} (id, time, request_id, category, decision, reason, application, method, path, query, status,
      username, credential_kind, credential_id, credential_name, client_ip, peer_ip, user_agent, duration_ms, upstream_ms,
      request_bytes, response_bytes, config_version, chain, seq, hash)
    SELECT (lpad(to_hex((extract(epoch FROM time) * 1000)::bigint), 12, '0') || '7' || substr(mark, 1, 3) || '8' || substr(mark, 4, 15))::uuid,
      time, mark, CASE WHEN n % 50000 = 0 THEN 'admin' ELSE 'request' END,
      CASE WHEN n % 20 = 0 THEN 'denied' ELSE 'forwarded' END,
      CASE WHEN n % 40000 = 0 THEN 'token_revoked' WHEN n % 20 = 0 THEN 'group_not_allowed' END,
      CASE WHEN n % 5000 = 0 THEN 'bitbucket' WHEN n % 3 = 0 THEN 'confluence' ELSE 'jira' END,
      CASE WHEN n % 100003 = 7 THEN 'DELETE' ELSE 'GET' END,
      CASE WHEN n % 7 = 0 THEN '/rest/api/2/search' ELSE '/rest/api/2/issue/ABC-' || n END, 'fields=summary,status',
      CASE WHEN n % 20 = 0 THEN 403 WHEN n % 9999 = 0 THEN 502 ELSE 200 END,
      CASE WHEN n % ${Math.max(1, Math.floor((rows * days) / 20))} = 5 THEN 'rare-user' ELSE 'user' || n % 100 END,
      'api-token', 'token-' || n % 500, 'nightly build', '10.0.' || n % 8 || '.' || n % 250, '10.1.0.1',
      'python-requests/2.32.3', 10 + n % 90, 8 + n % 80, 0, 2048, 7, '${day}/bench-0', n, mark
    FROM (SELECT n, md5('${day}' || n) AS mark,
                 date_trunc('milliseconds', timestamptz '${day} 00:00+00' + n * interval '1 day' / ${rows + 1}) AS time
            FROM generate_series(1, ${rows}) AS n) AS numbers`;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
