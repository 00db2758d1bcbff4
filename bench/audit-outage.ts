/**
 * The database is away for an hour at 500 requests/s, in quick motion: 1 800 000 events come in as fast as given while
 * every connection is refused, then the database is back and 500 events/s go on coming. Tells memory, disk, the time
 * to catch up, and whether one event is missing or there twice.
 * Makes a database of its own on postgres://root@127.0.0.1:5432/postgres and drops it.
 * Usage: npx tsx bench/audit-outage.ts [events] [events per second]
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { DataSource } from 'typeorm';
import { SYSTEM_CLOCK } from '../src/lib/clock.js';
import { dayOf } from '../src/modules/audit/audit-days.policy.js';
import { AuditPartitionsRepository } from '../src/modules/audit/audit-partitions.repository.js';
import { AuditService } from '../src/modules/audit/audit.service.js';
import type { ChangeFeedPort } from '../src/platform/change-feed/change-feed.port.js';
import { initialSnapshot } from '../src/platform/change-feed/snapshot.js';
import type { Config } from '../src/platform/config/config.js';
import { postgresOptions, runMigrations } from '../src/platform/database/data-source.js';
import { auditEvent } from '../test/factories/audit-event.js';
import { startCutter } from '../test/support/audit/cutter.js';
import { residentMiB } from './processes.js';

const ADMIN_URL = 'postgres://root@127.0.0.1:5432/postgres';
const EVENTS = Number(process.argv[2] ?? 1_800_000);
const PER_SECOND = Number(process.argv[3] ?? 10_000);
const AFTERWARDS_PER_SECOND = 500;
const TICK_MS = 20;
const MIB = 1024 * 1024;
const NAME = `restgate_bench_${randomBytes(4).toString('hex')}`;

/** The highest figures since they were last taken. */
class Peaks {
  private rss = 0;
  private disk = 0;
  private queue = 0;

  constructor(private readonly audit: AuditService) {}

  look(): void {
    const { spillBytes, queueLength } = this.audit.status();
    this.rss = Math.max(this.rss, residentMiB(process.pid));
    this.disk = Math.max(this.disk, spillBytes / MIB);
    this.queue = Math.max(this.queue, queueLength);
  }

  take(): string {
    const text = `memory ${this.rss.toFixed(0)} MiB at most, disk ${this.disk.toFixed(0)} MiB at most, ${this.queue} events in memory at most`;
    this.rss = this.disk = this.queue = 0;
    return text;
  }
}

async function main(): Promise<void> {
  await query(ADMIN_URL, `CREATE DATABASE ${NAME}`);
  const url = new URL(ADMIN_URL);
  url.pathname = `/${NAME}`;
  const folder = mkdtempSync(join(tmpdir(), 'restgate-outage-'));
  try {
    await outage(url.href, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await query(ADMIN_URL, `DROP DATABASE IF EXISTS ${NAME} WITH (FORCE)`);
  }
}

async function outage(url: string, dataDir: string): Promise<void> {
  const cutter = await startCutter(url);
  const dataSource = new DataSource(postgresOptions({ url: cutter.url }, () => undefined));
  await runMigrations(dataSource);
  await dataSource.initialize();
  await new AuditPartitionsRepository(dataSource).ensure([dayOf(Date.now())]);
  const feed = { current: initialSnapshot(), onReload: () => undefined } as unknown as ChangeFeedPort;
  const log = pino({ level: 'error' });
  const audit = new AuditService(dataSource, feed, { dataDir } as Config, SYSTEM_CLOCK, log);
  await audit.onModuleInit();
  const peaks = new Peaks(audit);
  print('before', `memory ${residentMiB(process.pid).toFixed(0)} MiB`);
  cutter.cut();
  const begun = performance.now();
  await record(audit, peaks, PER_SECOND, (count) => count < EVENTS);
  const bytesEach = (audit.status().spillBytes / EVENTS).toFixed(0);
  print('away', `${EVENTS} events in ${since(begun)}; ${peaks.take()}; ${bytesEach} bytes an event`);
  cutter.mend();
  const back = performance.now();
  const later = await record(audit, peaks, AFTERWARDS_PER_SECOND, () => audit.status().spillBytes > MIB);
  print('back', `caught up in ${since(back)} while ${later} more came; ${peaks.take()}`);
  await audit.beforeApplicationShutdown();
  await audit.onApplicationShutdown();
  await dataSource.destroy();
  await cutter.close();
  const [kept] = await query(
    url,
    'SELECT count(*)::int AS rows, count(DISTINCT id)::int AS ids FROM audit_events',
  );
  print('kept', `${JSON.stringify(kept)} of ${EVENTS + later}, ${audit.status().dropped} given up`);
}

/** Records events at a rate while `goOn` says so of their number; answers how many. */
async function record(
  audit: AuditService,
  peaks: Peaks,
  perSecond: number,
  goOn: (count: number) => boolean,
): Promise<number> {
  const begun = performance.now();
  let count = 0;
  while (goOn(count)) {
    const due = ((performance.now() - begun) / 1000) * perSecond;
    for (; count < due && goOn(count); count++) audit.record(auditEvent());
    peaks.look();
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  return count;
}

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<object>(statement)).rows;
  } finally {
    await client.end();
  }
}

function since(begun: number): string {
  return `${((performance.now() - begun) / 1000).toFixed(0)} s`;
}

function print(name: string, result: string): void {
  process.stdout.write(`${name}: ${result}\n`);
}

void main();
