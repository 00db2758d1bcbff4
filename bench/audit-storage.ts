/**
 * How the audit log does with ten million events: pages with filters, retention by days and by entries while events
 * are written. Makes a database of its own on DATABASE (default postgres://root@127.0.0.1:5432/postgres), drops it.
 * Usage: npx tsx bench/audit-storage.ts [rows] [days]
 */
import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { AuditEventsRepository } from '../src/modules/audit/audit-events.repository.js';
import { insertLines } from '../src/modules/audit/audit-insert.repository.js';
import { ChainKeeper, lineOf, rowJson } from '../src/modules/audit/audit-chain.policy.js';
import { dayAfter, dayOf, partitionOf } from '../src/modules/audit/audit-days.policy.js';
import { AuditPartitionsRepository } from '../src/modules/audit/audit-partitions.repository.js';
import { AuditPrune } from '../src/modules/audit/audit-prune.service.js';
import { toRow } from '../src/modules/audit/audit-row.policy.js';
import { AuditSealsRepository } from '../src/modules/audit/audit-seals.repository.js';
import type { AuditSettingsService } from '../src/modules/audit/audit-settings.service.js';
import type { AuditFilterQuery } from '../src/modules/audit/dto/audit-filter.dto.js';
import { PruneRunsRepository } from '../src/modules/audit/prune-runs.repository.js';
import { SYSTEM_CLOCK } from '../src/lib/clock.js';
import { SecretBox } from '../src/platform/crypto/secret-box.js';
import { ProblemError } from '../src/platform/http/problem.js';
import { postgresOptions, runMigrations } from '../src/platform/database/data-source.js';

const ADMIN_URL = 'postgres://root@127.0.0.1:5432/postgres';
const ROWS = Number(process.argv[2] ?? 10_000_000);
const DAYS = Number(process.argv[3] ?? 100);
const NAME = `restgate_bench_${randomBytes(4).toString('hex')}`;
const REPEATS = 7;
const PAGE = 51;
const TIMED_OUT = 'refused: it takes longer than 30 s';

const QUERIES: readonly (readonly [string, AuditFilterQuery])[] = [
  ['newest', {}],
  ['a user with 1 % of all', { user: 'user7' }],
  ['a user with 20 events', { user: 'rare-user' }],
  ['denied', { decision: 'denied' }],
  ['a rare reason', { reason: 'token_revoked' }],
  ['status 502', { status: '502' }],
  ['an address', { ip: '10.0.3.7' }],
  ['a range of addresses', { ip: '10.0.3.0/24' }],
  ['an application', { application: 'bitbucket' }],
  ['text in the path, frequent', { path: 'search' }],
  ['text in the path, one in 100 000', { path: 'ABC-77777' }],
  ['changes by admins', { category: 'admin' }],
  [
    'a user, a reason and a month',
    { user: 'user9', reason: 'group_not_allowed', from: monthAgo(2), to: monthAgo(1) },
  ],
];

function monthAgo(months: number): string {
  return new Date(Date.now() - months * 30 * 86_400_000).toISOString();
}

async function main(): Promise<void> {
  await admin(`CREATE DATABASE ${NAME}`);
  const url = new URL(ADMIN_URL);
  url.pathname = `/${NAME}`;
  const dataSource = new DataSource(postgresOptions({ url: url.href }, () => undefined));
  try {
    await runMigrations(dataSource);
    await dataSource.initialize();
    await timed(`loading ${ROWS} events`, () => load(url.href));
    await pages(new AuditEventsRepository(dataSource));
    await prunes(dataSource);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
    await admin(`DROP DATABASE IF EXISTS ${NAME} WITH (FORCE)`);
  }
}

async function pages(events: AuditEventsRepository): Promise<void> {
  for (const [name, filter] of QUERIES) {
    const times: number[] = [];
    let found = 'no answer';
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const begun = performance.now();
      found = await countOf(events, filter);
      times.push(performance.now() - begun);
      if (found === TIMED_OUT) break;
    }
    const first = times[0] ?? 0;
    times.sort((a, b) => a - b);
    print(
      `page: ${name}`,
      `first ${first.toFixed(0)} ms, median ${(times[times.length >> 1] ?? 0).toFixed(1)} ms, ${found}`,
    );
  }
}

async function countOf(events: AuditEventsRepository, filter: AuditFilterQuery): Promise<string> {
  try {
    return `${(await events.find(filter, undefined, PAGE)).length} rows`;
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'audit_query_timeout') return TIMED_OUT;
    throw error;
  }
}

/** Deletes half by age, then all but a million (in part row by row), while batches of 100 events are written. */
async function prunes(dataSource: DataSource): Promise<void> {
  const box = new SecretBox([randomBytes(32)]);
  const partitions = new AuditPartitionsRepository(dataSource);
  const seals = new AuditSealsRepository(dataSource, box);
  const runs = new PruneRunsRepository(dataSource);
  const plans = [
    { days: Math.floor(DAYS / 2), entries: null },
    { days: null, entries: Math.floor(ROWS / 10) + 12_345 },
  ];
  for (const retention of plans) {
    const settings = {
      read: async () => ({ value: { retention }, version: 1 }),
    } as unknown as AuditSettingsService;
    const prune = new AuditPrune(dataSource, partitions, seals, settings, SYSTEM_CLOCK);
    const writing = writeUntilStopped(dataSource);
    const run = await prune.run(runs, 'bench', null);
    const slowest = await writing.stop();
    const kept = (await partitions.rowsPerDay()).reduce((sum, { rows }) => sum + rows, 0);
    print(
      `prune: ${JSON.stringify(retention)}`,
      `${run?.deleted} deleted in ${run?.durationMs.toFixed(0)} ms, complete ${run?.complete}, ${kept} kept; ` +
        `${slowest.batches} batches were written meanwhile, the slowest in ${slowest.ms.toFixed(0)} ms`,
    );
  }
}

function writeUntilStopped(dataSource: DataSource): { stop(): Promise<{ ms: number; batches: number }> } {
  let stopped = false;
  const chains = new ChainKeeper('bench-writer');
  const result = { ms: 0, batches: 0 };
  const loop = (async () => {
    while (!stopped) {
      const lines = Array.from({ length: 100 }, () => line(chains));
      const begun = performance.now();
      await insertLines(dataSource, lines);
      result.ms = Math.max(result.ms, performance.now() - begun);
      result.batches += 1;
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await loop;
      return result;
    },
  };
}

function line(chains: ChainKeeper): string {
  const event = {
    id: randomUUID(),
    time: Date.now(),
    requestId: 'r',
    category: 'request',
    decision: 'forwarded',
  } as const;
  const row = toRow(event);
  const json = rowJson(row);
  return lineOf(json, chains.link(row.time.slice(0, 10), json));
}

async function admin(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: ADMIN_URL });
  await client.connect();
  await client.query(statement);
  await client.end();
}

async function timed(name: string, work: () => Promise<void>): Promise<void> {
  const begun = performance.now();
  await work();
  print(name, `${((performance.now() - begun) / 1000).toFixed(1)} s`);
}

function print(name: string, result: string): void {
  process.stdout.write(`${name}: ${result}\n`);
}

void main();
