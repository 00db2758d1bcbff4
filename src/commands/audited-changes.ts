import { pino } from 'pino';
import type { DataSource } from 'typeorm';
import { SYSTEM_CLOCK } from '../lib/clock.js';
import { AuditChanges } from '../modules/audit/audit-changes.service.js';
import type { ChangeFeedPort } from '../platform/change-feed/change-feed.port.js';
import { ChangeFeedService } from '../platform/change-feed/change-feed.service.js';

/** Who commands on the host act as in the audit log. */
export const OPERATOR = 'host-operator';

/**
 * The change feed for a command: what is changed through it is audited in the same transaction, and gateways that
 * run take it over within two seconds.
 */
export function auditedChanges(dataSource: DataSource): ChangeFeedPort {
  const changeFeed = new ChangeFeedService(dataSource, pino({ level: 'silent' }));
  new AuditChanges(changeFeed, SYSTEM_CLOCK);
  return changeFeed;
}
