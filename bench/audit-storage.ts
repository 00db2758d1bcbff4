/**
 * How the audit log does with ten million events: pages with filters, statistics, retention by days and by entries
 * while events are written. Makes a database of its own on postgres://root@127.0.0.1:5432/postgres and drops it, or takes one that
 * is filled already (prunes empty it).
 * Usage: npx tsx bench/audit-storage.ts [rows] [days] [pages,statistics,prunes] [url of a filled database]
 */
import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { pino } from 'pino';
import { DataSource } from 'typeorm';
import { AuditEventsRepository } from '../src/modules/audit/audit-events.repository.js';
import type { FoundEvents } from '../src/modules/audit/audit-events.repository.js';
import { insertLines } from '../src/modules/audit/audit-insert.repository.js';
import type { AuditEvent } from '../src/modules/audit/audit.port.js';
import { linesOf } from '../test/support/audit/stored-groups.js';
import { AuditPartitionsRepository } from '../src/modules/audit/audit-partitions.repository.js';
import { AuditPrune } from '../src/modules/audit/audit-prune.service.js';
import { AuditRollupRepository } from '../src/modules/audit/audit-rollup.repository.js';
import { AuditRollups } from '../src/modules/audit/audit-rollup.service.js';
import { AuditSealsRepository } from '../src/modules/audit/audit-seals.repository.js';
import type { AuditSettingsService } from '../src/modules/audit/audit-settings.service.js';
import { AuditStatistics } from '../src/modules/audit/audit-statistics.service.js';
import type { AuditFilterQuery } from '../src/modules/audit/dto/audit-filter.dto.js';
import type { PruneRunView } from '../src/modules/audit/dto/audit-settings-view.dto.js';
import { PruneRunsRepository } from '../src/modules/audit/prune-runs.repository.js';
import { SYSTEM_CLOCK } from '../src/lib/clock.js';
import { SecretBox } from '../src/platform/crypto/secret-box.js';
import { postgresOptions, runMigrations } from '../src/platform/database/data-source.js';
import { fillEvents } from './audit-rows.js';

const ADMIN_URL = 'postgres://root@127.0.0.1:5432/postgres';
const ROWS = Number(process.argv[2] ?? 10_000_000);
const DAYS = Number(process.argv[3] ?? 100);
const PARTS = (process.argv[4] ?? 'pages,statistics,prunes').split(',');
const FILLED = process.argv[5];
const NAME = `restgate_bench_${randomBytes(4).toString('hex')}`;
const REPEATS = 7;
const PAGE = 50;

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
  ['what one token did', { credential: 'token-17' }],
  ['an unknown token', { credential: 'token-x' }],
  ['one request by its id', { requestId: 'unknown-to-the-log' }],
  ['a rare method', { method: 'DELETE' }],
  ['a user and a rare path', { user: 'user77', path: 'ABC-77777' }],
  ['a rare path within three days', { path: 'ABC-77777', from: daysAgo(5), to: daysAgo(2) }],
  ['changes by admins', { category: 'admin' }],
  [
    'a user, a reason and a month',
    { user: 'user9', reason: 'group_not_allowed', from: daysAgo(60), to: daysAgo(30) },
  ],
];

/** The first days are left out: there is a limit of 92. */
const STATISTICS: readonly (readonly [string, AuditFilterQuery])[] = [
  ['the last 24 hours', {}],
  ['30 days', { from: daysAgo(30) }],
  ['all there is, 92 days at most', { from: daysAgo(Math.min(DAYS, 91.9)) }],
  ['the same, denied', { from: daysAgo(Math.min(DAYS, 91.9)), decision: 'denied' }],
  ['the same, an application', { from: daysAgo(Math.min(DAYS, 91.9)), application: 'confluence' }],
  ['the same, a user', { from: daysAgo(Math.min(DAYS, 91.9)), user: 'user7' }],
];

function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString();
}

async function main(): Promise<void> {
  if (FILLED !== undefined) return measure(FILLED, false);
  await admin(`CREATE DATABASE ${NAME}`);
  const url = new URL(ADMIN_URL);
  url.pathname = `/${NAME}`;
  try {
    await measure(url.href, true);
  } finally {
    await admin(`DROP DATABASE IF EXISTS ${NAME} WITH (FORCE)`);
  }
}

async function measure(url: string, empty: boolean): Promise<void> {
  const dataSource = new DataSource(postgresOptions({ url }, () => undefined));
  try {
    await runMigrations(dataSource);
    await dataSource.initialize();
    if (empty) await timed(`loading ${ROWS} events`, () => fillEvents(url, ROWS, DAYS));
    if (PARTS.includes('pages')) await pages(new AuditEventsRepository(dataSource));
    if (PARTS.includes('statistics')) await statistics(dataSource);
    if (PARTS.includes('prunes')) await prunes(dataSource);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}

/** The first page of each search, and where it is cut for its time also the whole search to the last page. */
async function pages(events: AuditEventsRepository): Promise<void> {
  for (const [name, filter] of QUERIES) {
    const times: number[] = [];
    let found: FoundEvents = { rows: [] };
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const begun = performance.now();
      found = await events.search(filter, undefined, PAGE);
      times.push(performance.now() - begun);
    }
    const first = times[0] ?? 0;
    times.sort((a, b) => a - b);
    const cut =
      found.searchedTo === undefined ? '' : `, cut at ${found.searchedTo}; ${await whole(events, filter)}`;
    print(
      `page: ${name}`,
      `first ${first.toFixed(0)} ms, median ${(times[times.length >> 1] ?? 0).toFixed(1)} ms, ${found.rows.length} rows${cut}`,
    );
  }
}

async function whole(events: AuditEventsRepository, filter: AuditFilterQuery): Promise<string> {
  const begun = performance.now();
  const result = { pages: 0, rows: 0, slowest: 0 };
  let page: FoundEvents | undefined;
  do {
    const pageBegun = performance.now();
    page = await events.search(filter, page?.next, PAGE);
    result.pages += 1;
    result.rows += page.rows.length;
    result.slowest = Math.max(result.slowest, performance.now() - pageBegun);
  } while (page.next && result.rows < PAGE);
  return `${result.rows} rows in ${result.pages} pages and ${((performance.now() - begun) / 1000).toFixed(1)} s, the slowest page ${result.slowest.toFixed(0)} ms`;
}

/** Counts the events first: they were not written by way of the gateway. */
async function statistics(dataSource: DataSource): Promise<void> {
  const rollups = new AuditRollupRepository(dataSource);
  const partitions = new AuditPartitionsRepository(dataSource);
  const keeper = new AuditRollups(dataSource, rollups, partitions, pino({ level: 'error' }));
  await timed('counting the events', () => keeper.recount());
  await dataSource.query('VACUUM ANALYZE audit_statistics');
  const service = new AuditStatistics(new AuditEventsRepository(dataSource), rollups, SYSTEM_CLOCK);
  for (const [name, filter] of STATISTICS) {
    const times: number[] = [];
    let total = 0;
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const begun = performance.now();
      ({ total } = await service.read(filter));
      times.push(performance.now() - begun);
    }
    const first = times[0] ?? 0;
    times.sort((a, b) => a - b);
    print(
      `statistics: ${name}`,
      `${total} events, first ${first.toFixed(0)} ms, median ${(times[times.length >> 1] ?? 0).toFixed(0)} ms`,
    );
  }
}

/**
 * Deletes half by age, then all but a tenth by number (in part row by row), while batches of 100 events are written.
 * With a single day all of it goes row by row, in as many runs as it takes.
 */
async function prunes(dataSource: DataSource): Promise<void> {
  const box = new SecretBox([randomBytes(32)]);
  const partitions = new AuditPartitionsRepository(dataSource);
  const seals = new AuditSealsRepository(dataSource, box);
  const runs = new PruneRunsRepository(dataSource);
  const plans = [
    ...(DAYS > 1 ? [{ days: Math.floor(DAYS / 2), entries: null }] : []),
    { days: null, entries: Math.floor(ROWS / 10) + 12_345 },
  ];
  for (const retention of plans) {
    const settings = {
      read: async () => ({ value: { retention }, version: 1 }),
    } as unknown as AuditSettingsService;
    const prune = new AuditPrune(dataSource, partitions, seals, settings, SYSTEM_CLOCK);
    const writing = writeUntilStopped(dataSource);
    const pieces: PruneRunView[] = [];
    do {
      const piece = await prune.run(runs, 'bench', null);
      if (piece) pieces.push(piece);
    } while (pieces.at(-1)?.complete === false);
    const deleted = pieces.reduce((sum, piece) => sum + piece.deleted, 0);
    const took = pieces.map(({ durationMs }) => (durationMs / 1000).toFixed(1));
    const slowest = await writing.stop();
    const kept = (await partitions.rowsPerDay()).reduce((sum, { rows }) => sum + rows, 0);
    print(
      `prune: ${JSON.stringify(retention)}`,
      `${deleted} deleted in ${pieces.length} runs of ${took.join(', ')} s, ${kept} kept; ` +
        `${slowest.batches} batches were written meanwhile, the slowest in ${slowest.ms.toFixed(0)} ms`,
    );
  }
}

function writeUntilStopped(dataSource: DataSource): { stop(): Promise<{ ms: number; batches: number }> } {
  let stopped = false;
  const result = { ms: 0, batches: 0 };
  const loop = (async () => {
    while (!stopped) {
      const events = Array.from({ length: 100 }, event);
      const lines = linesOf(events, events.length, `bench-${result.batches}`);
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

function event(): AuditEvent {
  const id = randomUUID();
  return { id, time: Date.now(), requestId: 'r', category: 'request', decision: 'forwarded' };
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
