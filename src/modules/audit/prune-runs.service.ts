import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import { ProblemError } from '../../platform/http/problem.js';
import type { Actor } from '../access/access.port.js';
import { AUDIT } from './audit.port.js';
import type { AuditEvent, AuditPort } from './audit.port.js';
import { AuditPrune } from './audit-prune.service.js';
import type { PruneRunView } from './dto/audit-settings-view.dto.js';
import { PruneRunsRepository } from './prune-runs.repository.js';

const ATTEMPTS = 20;
const PAUSE_MS = 250;
/** Between a run that had to leave something and the next: the database gets its breath back. */
const REST_MS = 1000;

/** Asks for runs of the retention and remembers them. A run that could not delete all is followed by another. */
@Injectable()
export class PruneRuns implements OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private following: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly prune: AuditPrune,
    private readonly runs: PruneRunsRepository,
    @Inject(AUDIT) private readonly audit: AuditPort,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.following;
  }

  /** A run for a time of the schedule. Undefined when another node does it. */
  scheduled(slot: string): Promise<PruneRunView | undefined> {
    return this.run('schedule', slot);
  }

  /** A run that an admin asked for, itself an event. Waits for one under way; throws 409 when that takes long. */
  async requested(actor: Pick<Actor, 'username' | 'requestId' | 'clientIp'>): Promise<PruneRunView> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const run = await this.run(actor.username, null);
      if (run) {
        this.audit.record(pruneEvent(actor, run));
        return run;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    throw new ProblemError(
      409,
      'conflict',
      'Another deletion or upkeep of the audit log is under way. Try again.',
    );
  }

  private async run(by: string, slot: string | null): Promise<PruneRunView | undefined> {
    const run = await this.prune.run(this.runs, by, slot);
    if (run?.complete === false) this.follow(by);
    return run;
  }

  private follow(by: string): void {
    if (this.stopped || this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.following = this.goOn(by);
    }, REST_MS);
    this.timer.unref();
  }

  /** Never throws. A node that finds another one at it leaves the rest to that one. */
  private async goOn(by: string): Promise<void> {
    try {
      await this.run(by, null);
    } catch (error) {
      this.log.error({ err: error }, 'deleting old audit events failed; it is tried again at the next time');
    }
  }
}

function pruneEvent(
  actor: Pick<Actor, 'username' | 'requestId' | 'clientIp'>,
  { time, deleted, complete }: PruneRunView,
): AuditEvent {
  return {
    id: uuidv7(),
    time: Date.parse(time),
    requestId: actor.requestId,
    category: 'admin',
    decision: 'forwarded',
    user: actor.username,
    clientIp: actor.clientIp,
    target: 'audit/prune',
    after: { deleted, complete },
  };
}
