/**
 * The columns of `audit_events` with their types, their names in stored groups of events (see audit-group.policy.ts),
 * and where they stand there: in the array of the event, in one of its parts, or among what few events have. Their
 * order is that of the stored text and part of the hash chain: add at the end, never reorder or rename.
 */
export const ROW_COLUMNS = [
  ['id', 'uuid', 'id', 'event'],
  ['time', 'timestamptz', 't', 'event'],
  ['request_id', 'text', 'req', 'extra'],
  ['category', 'text', 'cat', 'extra'],
  ['decision', 'text', 'dec', 'outcome'],
  ['reason', 'text', 'why', 'outcome'],
  ['detail', 'text', 'det', 'extra'],
  ['application', 'text', 'app', 'place'],
  ['method', 'text', 'm', 'place'],
  ['path', 'text', 'p', 'place'],
  ['query', 'text', 'q', 'extra'],
  ['status', 'integer', 's', 'outcome'],
  ['username', 'text', 'u', 'who'],
  ['credential_kind', 'text', 'ck', 'who'],
  ['credential_id', 'text', 'ci', 'who'],
  ['credential_name', 'text', 'cn', 'who'],
  ['credential_provider', 'text', 'cp', 'who'],
  ['client_ip', 'text', 'ip', 'addresses'],
  ['peer_ip', 'text', 'peer', 'addresses'],
  ['user_agent', 'text', 'ua', 'agent'],
  ['duration_ms', 'double precision', 'ms', 'event'],
  ['upstream_ms', 'double precision', 'ums', 'event'],
  ['request_bytes', 'bigint', 'in', 'event'],
  ['response_bytes', 'bigint', 'out', 'event'],
  ['would_deny', 'text[]', 'wd', 'extra'],
  ['config_version', 'integer', 'v', 'outcome'],
  ['target', 'text', 'to', 'extra'],
  ['before', 'text', 'b', 'extra'],
  ['after', 'text', 'a', 'extra'],
] as const;

export type ColumnName = (typeof ROW_COLUMNS)[number][0];

/** Fields that come together again and again: each combination stands in a group once. In the order of their places. */
export const PARTS = ['place', 'who', 'addresses', 'agent', 'outcome'] as const;
export type PartName = (typeof PARTS)[number];

/** Left out of what is stored when an event has it. */
export const USUAL_CATEGORY = 'request';

/** The columns of each part, and of what few events have, with their short names: asked for with every part that is made. */
export const COLUMNS_OF: Readonly<Record<PartName | 'extra', readonly (readonly [ColumnName, string])[]>> = {
  place: columnsOf('place'),
  who: columnsOf('who'),
  addresses: columnsOf('addresses'),
  agent: columnsOf('agent'),
  outcome: columnsOf('outcome'),
  extra: columnsOf('extra'),
};

function columnsOf(where: PartName | 'extra'): (readonly [ColumnName, string])[] {
  return ROW_COLUMNS.filter(([, , , place]) => place === where).map(([name, , short]) => [name, short]);
}
