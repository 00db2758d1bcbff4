import { ChainKeeper } from '../../../src/modules/audit/audit-chain.policy.js';
import { ROW_COLUMNS, PARTS } from '../../../src/modules/audit/audit-columns.policy.js';
import { GroupWriter } from '../../../src/modules/audit/audit-group-writer.policy.js';
import type { AuditEvent } from '../../../src/modules/audit/audit.port.js';
import type { AuditRow } from '../../../src/modules/audit/audit-row.policy.js';

const NAMES = new Map<string, string>(ROW_COLUMNS.map(([name, , short]) => [short, name]));

/** The place of a row in its chain. The last row of a group has its hash, and that of the group before. */
export interface RowLink {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string | null;
  readonly previous: string | null;
}

interface StoredGroup {
  readonly n: number;
  readonly ch: string;
  readonly f: number;
  readonly pr: string;
  readonly p: readonly Record<string, unknown>[];
  readonly r: readonly (readonly unknown[])[];
  readonly h: string;
}

/** The rows of a stored line as the database reads them: by the names of the columns, with what the line leaves out. */
export function rowsOf(line: string): (AuditRow & RowLink)[] {
  const { n, ch: chain, f, pr, p, r, h } = JSON.parse(line) as StoredGroup;
  return r.map((event, at) => {
    const [id, time, ...rest] = event;
    const numbers = rest.slice(PARTS.length) as (number | null)[];
    const [duration, upstream, requestBytes, responseBytes] = numbers;
    const fields = Object.assign(
      {},
      ...rest.slice(0, PARTS.length).map((part) => p[part as number]),
      event[PARTS.length + 6],
    ) as Record<string, unknown>;
    const named = Object.fromEntries(Object.entries(fields).map(([name, value]) => [NAMES.get(name), value]));
    const end = at === n - 1;
    return {
      request_id: id,
      category: 'request',
      ...named,
      id,
      time: new Date(time as number).toISOString(),
      ...present('duration_ms', thousandth(duration)),
      ...present('upstream_ms', thousandth(upstream)),
      ...present('request_bytes', requestBytes),
      ...present('response_bytes', responseBytes),
      chain,
      seq: f + at,
      hash: end ? h : null,
      previous: end ? pr : null,
    };
  });
}

function thousandth(value: number | null | undefined): number | null {
  return typeof value === 'number' ? value / 1000 : null;
}

function present(name: string, value: number | null | undefined): Record<string, number> {
  return typeof value === 'number' ? { [name]: value } : {};
}

/** Lines as the gateway writes them, `together` events in each. */
export function linesOf(events: readonly AuditEvent[], together = 1, writer = 'other-writer'): string[] {
  const chains = new ChainKeeper(writer);
  const group = new GroupWriter();
  const lines: string[] = [];
  for (let at = 0; at < events.length; at += together) {
    const some = events.slice(at, at + together);
    for (const event of some) group.add(event);
    const day = new Date(some[0]?.time ?? 0).toISOString().slice(0, 10);
    const { line, hash } = group.end(chains.next(day));
    lines.push(Buffer.from(line).toString('utf8').trimEnd());
    chains.add(day, some.length, hash);
  }
  return lines;
}
