import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { CLOCK } from '../../lib/clock.js';
import type { Clock } from '../../lib/clock.js';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeDescription, ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { CHAIN_START, groupLine } from './audit-group.policy.js';
import type { AuditEvent } from './audit.port.js';
import { insertLines } from './audit-insert.repository.js';
import { toRow } from './audit-row.policy.js';
import type { AuditRow } from './audit-row.policy.js';

/**
 * Records every change of settings in the transaction of the change itself: neither is ever there without the
 * other. Changes run one after another (the change feed's lock), so all nodes share one chain per day.
 */
@Injectable()
export class AuditChanges {
  private readonly listeners: ((row: AuditRow) => void)[] = [];

  constructor(
    @Inject(CHANGE_FEED) changeFeed: ChangeFeedPort,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    changeFeed.onChange((change, manager) => this.record(change, manager));
  }

  /** Called with each row that was inserted, before its transaction is committed. */
  onRow(listener: (row: AuditRow) => void): void {
    this.listeners.push(listener);
  }

  private async record(change: ChangeDescription, manager: EntityManager): Promise<void> {
    const row = toRow(eventOf(change, this.clock.now()));
    const chain = `${row.time.slice(0, 10)}/changes`;
    const heads = await manager.query<{ seq: number; hash: string }[]>(
      'SELECT seq, hash FROM audit_chains WHERE chain = $1',
      [chain],
    );
    const head = heads[0] ?? { seq: 0, hash: CHAIN_START };
    await insertLines(manager, [groupLine({ chain, first: head.seq + 1, previous: head.hash, rows: [row] })]);
    for (const listener of this.listeners) listener(row);
  }
}

function eventOf(change: ChangeDescription, time: number): AuditEvent {
  const id = uuidv7();
  return {
    id,
    time,
    requestId: change.requestId ?? id,
    category: 'admin',
    decision: 'forwarded',
    user: change.by,
    clientIp: change.clientIp,
    target: change.target,
    before: change.before,
    after: change.after,
  };
}
