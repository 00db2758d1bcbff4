import { Inject, Injectable } from '@nestjs/common';
import { CLOCK } from '../../lib/clock.js';
import type { Clock } from '../../lib/clock.js';
import type { AuditEvent, AuditQueriesPort, WouldDenyEntry } from './audit.port.js';
import { AuditEventsRepository } from './audit-events.repository.js';
import { eventOf } from './audit-view.policy.js';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const DAY_MS = 86_400_000;
const MOST_ENTRIES = 1000;

/** Paths and clients that are named of each entry; more are counted only. */
const MOST_NAMED = 10;

/** `what` of the grouped calls, the most frequent first, and how many there are. */
function mostFrequent(columns: string, described: string): string {
  return `
    SELECT key, count(*)::int AS total,
           jsonb_agg(${described} ORDER BY place) FILTER (WHERE place <= ${MOST_NAMED}) AS named
      FROM (SELECT key, ${columns}, count(*)::int AS count,
                   row_number() OVER (PARTITION BY key ORDER BY count(*) DESC, max(time) DESC) AS place
              FROM watched GROUP BY key, ${columns}) AS counted
     GROUP BY key`;
}

const WOULD_DENY = `
  WITH watched AS (
    SELECT rule, id, time, username, application, credential_kind, credential_name, client_ip, user_agent,
           method, path, ROW(rule, username, application, credential_kind)::text AS key
      FROM audit_events, unnest(would_deny) AS rule
     WHERE would_deny IS NOT NULL AND time >= $1 AND rule = ANY($2)
  ), grouped AS (
    SELECT key, rule AS reason, username AS "user", application, credential_kind AS "credentialKind",
           count(*)::int AS count, min(time) AS first, max(time) AS last,
           (array_agg(ARRAY[id::text, method, path] ORDER BY time DESC, id DESC))[1:1] AS latest
      FROM watched
     GROUP BY key, rule, username, application, credential_kind
     ORDER BY count(*) DESC, max(time) DESC
     LIMIT ${MOST_ENTRIES}
  ), paths AS (${mostFrequent('method, path', "jsonb_build_object('method', method, 'path', path, 'count', count)")}
  ), clients AS (${mostFrequent(
    'credential_name, client_ip, user_agent',
    `jsonb_build_object('credentialName', credential_name, 'clientIp', client_ip, 'userAgent', user_agent, 'count', count)`,
  )}
  )
  SELECT grouped.*, paths.named AS paths, paths.total AS "pathCount",
         clients.named AS clients, clients.total AS "clientCount"
    FROM grouped JOIN paths USING (key) JOIN clients USING (key)
   ORDER BY count DESC, last DESC`;

type Row = Omit<WouldDenyEntry, 'firstTime' | 'lastTime' | 'lastEventId' | 'lastMethod' | 'lastPath'> & {
  readonly key: string;
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

  async wouldDenyReport(days: number, reasons: readonly string[]): Promise<readonly WouldDenyEntry[]> {
    const since = new Date(this.clock.now() - days * DAY_MS);
    const rows = await this.events.read<Row>({ text: WOULD_DENY, values: [since, reasons] });
    return rows.map(({ first, last, latest, key: _key, ...entry }) => ({
      ...entry,
      firstTime: first.toISOString(),
      lastTime: last.toISOString(),
      lastEventId: latest[0]?.[0] ?? '',
      lastMethod: latest[0]?.[1] ?? null,
      lastPath: latest[0]?.[2] ?? null,
    }));
  }
}
