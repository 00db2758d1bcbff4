import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { PruneRunView } from './dto/audit-settings-view.dto.js';

/** Runs that are remembered. */
const KEPT_RUNS = 500;

interface StoredRun {
  readonly time: Date;
  readonly deleted: string;
  readonly duration_ms: number;
  readonly complete: boolean;
  readonly by: string;
}

/** The runs of the deletion, across all nodes. */
@Injectable()
export class PruneRunsRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** The last finished run; null before the first. */
  async last(): Promise<PruneRunView | null> {
    const rows = await this.dataSource.query<StoredRun[]>(
      `SELECT time, deleted, duration_ms, complete, by FROM audit_prune_runs
        WHERE deleted IS NOT NULL ORDER BY time DESC, id DESC LIMIT 1`,
    );
    const run = rows[0];
    return run
      ? {
          time: run.time.toISOString(),
          deleted: Number(run.deleted),
          durationMs: run.duration_ms,
          complete: run.complete,
          by: run.by,
        }
      : null;
  }

  /** Begins a run. With a slot only the first node that asks for that slot gets one; the others get undefined. */
  async begin(by: string, time: number, slot: string | null): Promise<string | undefined> {
    const rows = await this.dataSource.query<{ id: string }[]>(
      `INSERT INTO audit_prune_runs (id, slot, by, time) VALUES ($1, $2, $3, $4)
       ON CONFLICT (slot) DO NOTHING RETURNING id`,
      [uuidv7(), slot, by, new Date(time)],
    );
    return rows[0]?.id;
  }

  async finish(id: string, result: Pick<PruneRunView, 'deleted' | 'complete' | 'durationMs'>): Promise<void> {
    await this.dataSource.query(
      'UPDATE audit_prune_runs SET deleted = $2, complete = $3, duration_ms = $4 WHERE id = $1',
      [id, result.deleted, result.complete, result.durationMs],
    );
    await this.dataSource.query(
      'DELETE FROM audit_prune_runs WHERE id IN (SELECT id FROM audit_prune_runs ORDER BY time DESC, id DESC OFFSET $1)',
      [KEPT_RUNS],
    );
  }
}
