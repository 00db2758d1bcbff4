import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { runningDatabaseUrl } from '../../../src/platform/database/embedded/running.js';
import { auditEvent } from '../../factories/audit-event.js';
import { AdminClient } from '../../support/admin-client.js';
import { ENCRYPTION_KEY, startAuditApp, temporaryFolder } from '../../support/audit/audit-app.js';
import { createEmptyDatabase, createTestDatabase } from '../../support/database.js';
import type { TestDatabase } from '../../support/database.js';
import { RestgateProcess } from '../../support/restgate-process.js';

const ROOT = resolve(__dirname, '../../..');
const ADMIN_TOKEN = 'admin-token-of-the-verify-tests';
const WHOLE = 'Every event is as it was written, and none is missing.\n';

/** `npm run audit:verify` as operators run it. */
async function verify(env: Record<string, string>): Promise<{ status: number | null; output: string }> {
  const script = join(ROOT, 'dist', 'src', 'audit-verify.js');
  const child = spawn(process.execPath, [script], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output };
}

async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** The same four on every database: nothing, a changed row, a removed one, the end cut off. */
const HIDE = `CREATE TABLE hidden AS SELECT * FROM audit_events WHERE`;
const TAMPERINGS = [
  {
    name: 'a changed event',
    tamper: `UPDATE audit_events SET path = '/harmless' || coalesce(path, '') WHERE seq = 2`,
    restore: `UPDATE audit_events SET path = nullif(substr(path, 10), '') WHERE seq = 2`,
    // Events that were recorded together are one link; changes of settings are one each.
    says: /, number (1, event [0-9a-f-]{36}: a row from here to number 5|2, event [0-9a-f-]{36}: the row) is not as it was written\n$/,
  },
  {
    name: 'a removed event',
    tamper: `${HIDE} seq = 3; DELETE FROM audit_events WHERE seq = 3`,
    restore: 'INSERT INTO audit_events SELECT * FROM hidden; DROP TABLE hidden',
    says: /, number 3: rows are missing: 1 in all, the last is number 3\n$/,
  },
  {
    name: 'a cut tail',
    tamper: `${HIDE} seq >= 4; DELETE FROM audit_events WHERE seq >= 4`,
    restore: 'INSERT INTO audit_events SELECT * FROM hidden; DROP TABLE hidden',
    says: /, number 4: rows are missing: 2 in all, the last is number 5\n$/,
  },
];

/** One chain of five events is expected there. */
async function expectTold(url: string, env: Record<string, string>): Promise<void> {
  expect(await verify(env)).toEqual({
    status: 0,
    output: `Read 5 events in 1 chains of 1 days.\n${WHOLE}`,
  });
  for (const { name, tamper, restore, says } of TAMPERINGS) {
    await run(url, tamper);
    const { status, output } = await verify(env);
    expect([name, status, output]).toEqual([name, 1, expect.stringMatching(says)]);
    await run(url, restore);
  }
  expect((await verify(env)).status).toBe(0);
}

describe('npm run audit:verify', () => {
  let folder: string;
  let database: TestDatabase | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'restgate-verify-'));
    database = undefined;
  });

  afterEach(async () => {
    rmSync(folder, { recursive: true, force: true });
    await database?.drop();
  });

  it('tells on an external database what was changed, removed or cut off, with status 1', async () => {
    database = await createTestDatabase();
    const audit = await startAuditApp(database.url);
    for (let n = 0; n < 5; n++) audit.audit.record(auditEvent());
    await audit.audit.flush();
    await audit.close();
    const key = { ENCRYPTION_KEY: ENCRYPTION_KEY.toString('base64') };
    await expectTold(database.url, { DATABASE_URL: database.url, DATA_DIR: folder, ...key });
  }, 120_000);

  it('tells it on the embedded database, while the gateway runs and when it does not', async () => {
    const dataDir = await temporaryFolder();
    const env = { DATA_DIR: dataDir, PORT: '0', HOST: '127.0.0.1', ADMIN_TOKEN };
    const gateway = await RestgateProcess.start(env);
    try {
      const admin = new AdminClient(gateway.controlUrl, ADMIN_TOKEN);
      for (let days = 81; days <= 85; days++)
        await admin.call('PUT', '/audit/settings', { retention: { days } });
      await expectTold((await runningDatabaseUrl(dataDir)) ?? '', { DATA_DIR: dataDir });
      await run(
        (await runningDatabaseUrl(dataDir)) ?? '',
        `UPDATE audit_events SET username = 'mallory' WHERE seq = 1`,
      );
    } finally {
      expect(await gateway.stop()).toBe(0);
    }
    const { status, output } = await verify({ DATA_DIR: dataDir });
    expect([status, output]).toEqual([1, expect.stringContaining('number 1, event ')]);
    expect(await runningDatabaseUrl(dataDir)).toBeUndefined();
    rmSync(dataDir, { recursive: true, force: true });
  }, 180_000);

  it('says so, with status 78, where there is nothing to verify, and makes nothing', async () => {
    const nowhere = join(folder, 'mistyped');
    const { status, output } = await verify({ DATA_DIR: nowhere });
    expect([status, output]).toEqual([78, expect.stringContaining(`DATA_DIR (${nowhere}) holds no`)]);
    expect(existsSync(nowhere)).toBe(false);
  });

  it('says so when the database is another one (status 78) or away (status 2)', async () => {
    database = await createEmptyDatabase();
    const key = { ENCRYPTION_KEY: ENCRYPTION_KEY.toString('base64'), DATA_DIR: folder };
    const other = await verify({ DATABASE_URL: database.url, ...key });
    expect(other).toEqual({ status: 78, output: expect.stringContaining('no tables of Restgate') as string });
    const away = await verify({ DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none', ...key });
    expect(away).toEqual({ status: 2, output: expect.stringContaining('cannot be reached') as string });
  });

  it('ends with status 78 when it is not configured', async () => {
    const { status, output } = await verify({
      DATABASE_URL: 'postgres://127.0.0.1:9/none',
      DATA_DIR: folder,
    });
    expect([status, output]).toEqual([78, expect.stringContaining('ENCRYPTION_KEY is required')]);
  });
});
