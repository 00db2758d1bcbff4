import { Inject, Injectable } from '@nestjs/common';
import { CLOCK } from '../../lib/clock.js';
import type { Clock } from '../../lib/clock.js';
import type { AuditEvent, AuditQueriesPort, WouldDenyEntry } from './audit.port.js';
import { AuditEventsRepository } from './audit-events.repository.js';
import { eventOf } from './audit-view.policy.js';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const DAY_MS = 86_400_000;
const MOST_ENTRIES = 1000;

const WOULD_DENY = `
  SELECT rule AS reason, username AS "user", application, credential_kind AS "credentialKind",
         count(*)::int AS count, min(time) AS first, max(time) AS last,
         (array_agg(ARRAY[id::text, method, path] ORDER BY time DESC, id DESC))[1:1] AS latest
    FROM audit_events, unnest(would_deny) AS rule
   WHERE would_deny IS NOT NULL AND time >= $1
   GROUP BY rule, username, application, credential_kind
   ORDER BY count(*) DESC, max(time) DESC
   LIMIT ${MOST_ENTRIES}`;

type Row = Pick<WouldDenyEntry, 'reason' | 'user' | 'application' | 'credentialKind' | 'count'> & {
  readonly first: Date;
  readonly last: Date;
  readonly latest: readonly (readonly (string | null)[])[];
};

/** Answers questions of other features about the log. */
@Injectable()
export class AuditQueries implements AuditQueriesPort {
  constructor(
    private readonly events: AuditEventsRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async findEvent(id: string): Promise<AuditEvent | undefined> {
    if (!UUID.test(id)) return undefined;
    const row = await this.events.findById(id);
    return row && eventOf(row);
  }

  async wouldDenyReport(days: number): Promise<readonly WouldDenyEntry[]> {
    const rows = await this.events.read<Row>(WOULD_DENY, [new Date(this.clock.now() - days * DAY_MS)]);
    return rows.map(({ first, last, latest, ...entry }) => ({
      ...entry,
      firstTime: first.toISOString(),
      lastTime: last.toISOString(),
      lastEventId: latest[0]?.[0] ?? '',
      lastMethod: latest[0]?.[1] ?? null,
      lastPath: latest[0]?.[2] ?? null,
    }));
  }
}
