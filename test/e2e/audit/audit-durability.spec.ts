import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import pg from 'pg';
import { auditEvent } from '../../factories/audit-event.js';
import { startAuditApp, temporaryFolder } from '../../support/audit/audit-app.js';
import { startCutter } from '../../support/audit/cutter.js';
import { createTestDatabase } from '../../support/database.js';
import type { TestDatabase } from '../../support/database.js';

const ROOT = resolve(__dirname, '../../..');

/** A gateway's audit core in a real process. `rate` 0: delivers what an earlier life left behind, and ends. */
function startChild(url: string, folder: string, rate: number, first: number): ChildProcess {
  const tsx = resolve(ROOT, 'node_modules/tsx/dist/cli.mjs');
  const script = resolve(ROOT, 'test/support/audit/audit-child.ts');
  const child = spawn(process.execPath, [tsx, script, url, folder, String(rate), String(first)], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    // tsx runs the script in a child of its own: the group is what gets killed.
    detached: true,
  });
  return child;
}

/** Lets the child run until it has said `lines` times what was safely recorded, kills it with -9, and answers the last number. */
async function killAfter(child: ChildProcess, lines: number): Promise<number> {
  let text = '';
  let safe = 0;
  await new Promise<void>((done) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const all = [...text.matchAll(/recorded \d+ (\d+)\n/g)];
      safe = Number(all.at(-1)?.[1] ?? 0);
      if (all.length >= lines) done();
    });
  });
  process.kill(-(child.pid as number), 'SIGKILL');
  await once(child, 'close');
  return safe;
}

async function deliverLeftovers(url: string, folder: string): Promise<void> {
  const child = startChild(url, folder, 0, 0);
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'close');
  expect(text).toBe('drained 0\n');
}

async function numbersIn(url: string): Promise<number[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ n: number }>(
    'SELECT substr(request_id, 3)::int AS n FROM audit_events ORDER BY 1',
  );
  await client.end();
  return rows.map(({ n }) => n);
}

describe('events of requests that were answered more than a second ago', () => {
  let database: TestDatabase;
  let folder: string;

  beforeEach(async () => {
    database = await createTestDatabase();
    folder = await temporaryFolder();
  });

  afterEach(async () => {
    rmSync(folder, { recursive: true, force: true });
    await database.drop();
  });

  it('survive kill -9, again and again, each exactly once', async () => {
    const safe: [number, number][] = [];
    for (let life = 0; life < 3; life++) {
      const first = life * 1_000_000;
      safe.push([first, await killAfter(startChild(database.url, folder, 1000, first), 40)]);
    }
    await deliverLeftovers(database.url, folder);
    const numbers = await numbersIn(database.url);
    const known = new Set(numbers);
    expect(known.size).toBe(numbers.length);
    for (const [first, end] of safe) {
      const missing = Array.from({ length: end - first }, (_unused, at) => first + at).filter(
        (n) => !known.has(n),
      );
      expect(end - first).toBeGreaterThan(500);
      expect(missing).toEqual([]);
    }
  }, 120_000);

  it('survive kill -9 while the database is away', async () => {
    const cutter = await startCutter(database.url);
    cutter.cut();
    const safe = await killAfter(startChild(cutter.url, folder, 1000, 0), 60);
    expect(await numbersIn(database.url)).toEqual([]);
    await deliverLeftovers(database.url, folder);
    const known = new Set(await numbersIn(database.url));
    expect(safe).toBeGreaterThan(900);
    expect(Array.from({ length: safe }, (_unused, n) => n).filter((n) => !known.has(n))).toEqual([]);
    await cutter.close();
  }, 120_000);
});

describe('the audit log while its database comes and goes', () => {
  it('keeps 20 000 of 20 000 events, each once, in order of its chain', async () => {
    const database = await createTestDatabase();
    const cutter = await startCutter(database.url);
    const audit = await startAuditApp(cutter.url);
    for (let round = 0; round < 20; round++) {
      if (round % 6 === 3) cutter.cut();
      if (round % 6 === 5) cutter.mend();
      for (let count = 0; count < 1000; count++)
        audit.audit.record(auditEvent({ requestId: `n-${round * 1000 + count}` }));
      await new Promise((done) => setTimeout(done, 150));
    }
    cutter.mend();
    await audit.audit.flush(30_000);
    expect(audit.audit.status()).toMatchObject({ queueLength: 0, spillBytes: 0, dropped: 0 });
    const numbers = await numbersIn(database.url);
    expect(numbers).toEqual(Array.from({ length: 20_000 }, (_unused, n) => n));
    await audit.close();
    await cutter.close();
    await database.drop();
  }, 120_000);

  it('tells that events wait, and that they do no longer', async () => {
    const database = await createTestDatabase();
    const cutter = await startCutter(database.url);
    const audit = await startAuditApp(cutter.url);
    cutter.cut();
    audit.audit.record(auditEvent());
    await audit.audit.flush(1500);
    expect(audit.audit.status()).toMatchObject({ ok: false, problem: 'database_unavailable' });
    expect(await audit.metrics.getSingleMetricAsString('restgate_audit_spill_bytes')).toMatch(
      /spill_bytes [1-9]/,
    );
    cutter.mend();
    await audit.audit.flush(20_000);
    expect(audit.audit.status()).toMatchObject({ ok: true, problem: undefined, spillBytes: 0 });
    expect(await audit.metrics.getSingleMetricAsString('restgate_audit_written_total')).toMatch(
      /written_total 1$/m,
    );
    await audit.close();
    await cutter.close();
    await database.drop();
  }, 60_000);

  it('delivers at the next start what was left when the gateway ended without its database', async () => {
    const database = await createTestDatabase();
    const cutter = await startCutter(database.url);
    const dataDir = await temporaryFolder();
    const first = await startAuditApp(cutter.url, { dataDir });
    cutter.cut();
    for (let n = 0; n < 300; n++) first.audit.record(auditEvent({ requestId: `n-${n}` }));
    await first.close();
    cutter.mend();
    const second = await startAuditApp(cutter.url, { dataDir });
    await second.audit.flush(20_000);
    expect(await numbersIn(database.url)).toHaveLength(300);
    await second.close();
    await cutter.close();
    rmSync(dataDir, { recursive: true, force: true });
    await database.drop();
  }, 60_000);
});
