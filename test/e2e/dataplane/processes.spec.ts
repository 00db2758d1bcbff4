import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { Pool } from 'undici';
import { auditOf, callsOf, eventually, issueToken } from '../../support/dataplane.js';
import { ProcessWorld, PROCESS_ADMIN_TOKEN, adminOf, environment } from '../../support/process-world.js';
import { RestgateProcess } from '../../support/restgate-process.js';

const MYSELF = '/jira/rest/api/2/myself';
const SLOW = '/jira/rest/standin/1.0/slow-headers?delayMs=1500';

describe('restgate as processes', () => {
  let world: ProcessWorld;
  let second: RestgateProcess;
  const secrets: string[] = [
    'alice-password',
    'svc-restgate-password',
    PROCESS_ADMIN_TOKEN,
    'shared-secret-for-tests-only',
  ];
  const tokenOf = async (user: string): Promise<string> => {
    const token = await world.provider.fetchOpaque(user);
    secrets.push(token);
    return token;
  };
  const ask = (node: RestgateProcess, token: string, path = MYSELF, id?: string): Promise<Response> =>
    fetch(node.url + path, {
      headers: { Authorization: `Bearer ${token}`, ...(id === undefined ? {} : { 'X-Request-Id': id }) },
    });
  const ready = async (node: RestgateProcess) => {
    const answer = await fetch(`${node.controlUrl}/restgate/health/ready`);
    return { status: answer.status, body: await answer.json() } as {
      status: number;
      body: { checks: Record<string, { status: string }> };
    };
  };

  beforeAll(async () => {
    world = await ProcessWorld.start();
    second = await world.another();
  }, 120_000);
  afterAll(() => world?.stop(), 60_000);

  it('T-01 a token that is revoked on one node is refused on the other', async () => {
    const { id, token } = await issueToken(adminOf(world.first), 'alice');
    secrets.push(token);
    await eventually('the token on the other node', async () => (await ask(second, token)).status === 200);
    await adminOf(world.first).call('DELETE', `/tokens/${id}`);
    expect((await ask(world.first, token)).status).toBe(401);
    await eventually(
      'the revocation on the other node',
      async () => (await ask(second, token)).status === 401,
    );
  });

  it('R-09 a change of settings comes into force on the other node', async () => {
    const change = (anonymousAccess: string) =>
      adminOf(world.first).call('PATCH', '/global-settings', { anonymousAccess });
    const anonymous = async () => (await fetch(`${second.url}/jira/rest/api/2/serverInfo`)).status;
    expect(await anonymous()).toBe(200);
    await change('deny');
    await eventually('the change on the other node', async () => (await anonymous()) === 401);
    await change('public-apis');
    await eventually('the change back', async () => (await anonymous()) === 200);
  });

  it('U-01 Jira away is 502, and 200 when it is back', async () => {
    const token = await tokenOf('alice');
    expect((await ask(world.first, token)).status).toBe(200);
    await world.jira.pause();
    expect((await ask(world.first, token)).status).toBe(502);
    await world.jira.start();
    expect((await ask(world.first, token)).status).toBe(200);
  });

  it('the provider away: who is known goes on, others are told when to come back', async () => {
    const [known, unknown] = [await tokenOf('alice'), await tokenOf('bob')];
    expect((await ask(world.first, known)).status).toBe(200);
    await world.provider.pause();
    expect((await ask(world.first, known)).status).toBe(200);
    const refused = await ask(world.first, unknown);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: 'provider_unavailable' });
    await world.provider.resume();
    await eventually(
      'the provider is asked again',
      async () => (await ask(world.first, unknown)).status === 200,
    );
  });

  it('R-01 the database away: callers are served, changes are refused, and all is back without a restart', async () => {
    const token = await tokenOf('alice');
    const own = await issueToken(adminOf(world.first), 'bob');
    secrets.push(own.token);
    expect((await ask(world.first, token)).status).toBe(200);
    world.cutter.cut();
    expect((await ask(world.first, token, MYSELF, 'while-cut')).status).toBe(200);
    expect((await ask(world.first, own.token)).status).toBe(200);
    const write = await adminOf(world.first).send('PATCH', '/global-settings', { anonymousAccess: 'deny' });
    expect(write.status).toBe(503);
    expect(write.headers.get('Content-Type')).toContain('application/problem+json');
    await eventually(
      'the health says so',
      async () => (await ready(world.first)).body.checks['database']?.status === 'down',
    );
    world.cutter.mend();
    await eventually(
      'the health is back',
      async () => (await ready(world.first)).body.checks['database']?.status === 'up',
    );
    await eventually(
      'changes are taken',
      async () => (await adminOf(world.first).send('PATCH', '/global-settings', {})).status === 200,
    );
    expect((await ask(world.first, token)).status).toBe(200);
    expect(await auditOf(adminOf(world.first), 'while-cut')).toMatchObject([{ user: 'alice', status: 200 }]);
  }, 60_000);

  it('U-23 SIGTERM under load: nothing fails, status 0, everything is audited', async () => {
    const token = await tokenOf('alice');
    const leaving = await world.another();
    const pool = new Pool(leaving.url, { connections: 10, pipelining: 1 });
    const statuses: number[] = [];
    const failures: unknown[] = [];
    const worker = async (): Promise<void> => {
      for (;;) {
        try {
          const answer = await pool.request({
            path: MYSELF,
            method: 'GET',
            headers: { authorization: `Bearer ${token}` },
          });
          await answer.body.dump();
          statuses.push(answer.statusCode);
          // The process says that it leaves: a load balancer goes elsewhere from here on.
          if (answer.headers['connection'] === 'close') return;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') failures.push(error);
          return;
        }
      }
    };
    const workers = Array.from({ length: 10 }, worker);
    world.jira.clear();
    const slow = Array.from({ length: 10 }, (_, i) =>
      ask(leaving, token, SLOW, `slow-${i}`).then((answer) => answer.status),
    );
    await eventually(
      'the slow requests upstream',
      () => callsOf(world.jira).filter((call) => call.path.includes('slow')).length === 10,
    );
    expect(await leaving.stop('SIGTERM')).toBe(0);
    await Promise.all(workers);
    await pool.close();
    expect(await Promise.all(slow)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(failures).toEqual([]);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await auditOf(adminOf(world.first), 'slow-9')).toMatchObject([
      { decision: 'forwarded', status: 200 },
    ]);
  }, 60_000);

  it('kill -9: after a restart configuration and audit are there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'restgate-killed-'));
    const env = environment(world.cutter.url, folder);
    const killed = await RestgateProcess.start(env);
    world.processes.push(killed);
    await adminOf(killed).call('PATCH', '/applications/jira', { name: 'Jira before the crash' });
    const token = await tokenOf('alice');
    expect((await ask(killed, token, MYSELF, 'before-the-crash')).status).toBe(200);
    await auditOf(adminOf(killed), 'before-the-crash');
    await killed.stop('SIGKILL');
    const again = await RestgateProcess.start(env);
    world.processes.push(again);
    expect(await adminOf(again).call('GET', '/applications/jira')).toMatchObject({
      name: 'Jira before the crash',
    });
    expect(await auditOf(adminOf(again), 'before-the-crash')).toMatchObject([{ user: 'alice' }]);
    expect((await ask(again, token)).status).toBe(200);
    expect(await again.stop()).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('a bad configuration ends with 78 and names every fault', async () => {
    const bad = {
      ...environment('not-a-url', '/nonexistent'),
      PORT: 'eighty',
      ENCRYPTION_KEY: 'short',
      LOG_LEVEL: 'loud',
    };
    for (const args of [[], ['--check']]) {
      const started = RestgateProcess.spawn(bad, args);
      expect(await started.waitForExit()).toBe(78);
      for (const name of ['PORT', 'DATABASE_URL', 'ENCRYPTION_KEY', 'LOG_LEVEL'])
        expect(started.output).toContain(name);
      expect(started.output).not.toContain('short');
    }
  });

  it('--check accepts a good configuration and starts nothing', async () => {
    const started = RestgateProcess.spawn(environment(world.cutter.url, tmpdir()), ['--check']);
    expect(await started.waitForExit()).toBe(0);
    expect(started.output).not.toContain('ready');
  });

  it('no secret is in any output or in any row of the database', async () => {
    const client = new Client({ connectionString: world.database.url });
    await client.connect();
    const tables = await client.query<{ name: string }>(
      `SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS name FROM information_schema.tables
       WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
    );
    let dump = '';
    for (const { name } of tables.rows) {
      const rows = await client.query<{ line: string }>(`SELECT t::text AS line FROM ${name} t`);
      dump += rows.rows.map((row) => row.line).join('\n');
    }
    await client.end();
    expect(dump).toContain('Jira before the crash');
    expect(dump).toContain('while-cut');
    expect(world.output).toContain('is ready after');
    expect(secrets.length).toBeGreaterThan(8);
    for (const secret of secrets) {
      expect(dump.includes(secret)).toBe(false);
      expect(world.output.includes(secret)).toBe(false);
    }
  });
});
