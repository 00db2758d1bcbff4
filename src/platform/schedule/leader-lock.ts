import type { DataSource, QueryRunner } from 'typeorm';

/** Fixed numbers, one per kind of work that only one node may do at a time. */
export const LEADER_LOCKS = {
  auditMaintenance: 7_215_101,
  storedPats: 7_215_102,
  auditStatistics: 7_215_103,
} as const;

/**
 * Runs `work` on a connection that holds the advisory lock, on one node at a time. Answers undefined when
 * another node holds it. The lock goes with the connection, so a node that dies lets go of it.
 */
export async function asLeader<T>(
  dataSource: DataSource,
  lock: number,
  work: (runner: QueryRunner) => Promise<T>,
): Promise<T | undefined> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.connect();
    const rows = (await runner.query('SELECT pg_try_advisory_lock($1) AS held', [lock])) as {
      held: boolean;
    }[];
    if (rows[0]?.held !== true) return undefined;
    try {
      return await work(runner);
    } finally {
      await runner.query('SELECT pg_advisory_unlock($1)', [lock]);
    }
  } finally {
    await runner.release();
  }
}
