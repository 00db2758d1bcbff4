import { Injectable } from '@nestjs/common';
import { ProblemError } from '../../platform/http/problem.js';
import { AuditPrune } from './audit-prune.service.js';
import type { PruneRunView } from './dto/audit-settings-view.dto.js';
import { PruneRunsRepository } from './prune-runs.repository.js';

const ATTEMPTS = 20;
const PAUSE_MS = 250;

/** Asks for runs of the retention and remembers them. */
@Injectable()
export class PruneRuns {
  constructor(
    private readonly prune: AuditPrune,
    private readonly runs: PruneRunsRepository,
  ) {}

  /** A run for a time of the schedule. Undefined when another node does it. */
  scheduled(slot: string): Promise<PruneRunView | undefined> {
    return this.prune.run(this.runs, 'schedule', slot);
  }

  /** A run that an admin asked for. Waits for one that is under way; throws 409 when that takes long. */
  async requested(by: string): Promise<PruneRunView> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const run = await this.prune.run(this.runs, by, null);
      if (run) return run;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    throw new ProblemError(
      409,
      'conflict',
      'Another deletion or upkeep of the audit log is under way. Try again.',
    );
  }
}
