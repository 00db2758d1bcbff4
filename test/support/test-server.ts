import { randomBytes } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { postgresOptions, runMigrations } from '../../src/platform/database/data-source.js';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/platform/database/embedded/embedded-postgres.js';

/** The one PostgreSQL of a whole jest run, and the migrated template its test databases are copied from. */
interface TestServer {
  adminUrl: string;
  prefix: string;
  embedded: EmbeddedPostgres | undefined;
  folder: string | undefined;
}

const held = globalThis as { restgateTestServer?: TestServer };

/** Speed matters here and nothing is kept. */
const careless = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '200' };

export async function startTestServer(): Promise<void> {
  const given = process.env['TEST_DATABASE_URL'];
  const server = given ? external(given) : await startOwn();
  held.restgateTestServer = server;
  process.env['RESTGATE_TEST_DATABASE_ADMIN_URL'] = server.adminUrl;
  process.env['RESTGATE_TEST_DATABASE_PREFIX'] = server.prefix;
  try {
    await createTemplate(server);
  } catch (error) {
    await stopTestServer();
    throw error;
  }
  process.stdout.write(`Test database: ${given ? 'TEST_DATABASE_URL' : 'embedded PostgreSQL'}\n`);
}

export async function stopTestServer(): Promise<void> {
  const server = held.restgateTestServer;
  if (!server) return;
  if (server.embedded) await server.embedded.stop();
  else await dropAll(server);
  if (server.folder) rmSync(server.folder, { recursive: true, force: true });
}

function newPrefix(): string {
  return `restgate_test_${randomBytes(5).toString('hex')}`;
}

function external(adminUrl: string): TestServer {
  return { adminUrl, prefix: newPrefix(), embedded: undefined, folder: undefined };
}

async function startOwn(): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'restgate-test-'));
  // mkdtemp closes it to others; as root PostgreSQL runs as another user.
  chmodSync(folder, 0o755);
  const embedded = await startEmbeddedPostgres({
    dataDir: join(folder, 'data'),
    installDir: resolve(__dirname, '../..'),
    settings: careless,
    log: (level, message) => {
      if (level === 'error') process.stderr.write(`${message}\n`);
    },
  });
  return { adminUrl: embedded.url, prefix: newPrefix(), embedded, folder };
}

async function createTemplate(server: TestServer): Promise<void> {
  const template = `${server.prefix}_template`;
  await withAdmin(server.adminUrl, (client) => client.query(`CREATE DATABASE ${template}`));
  const url = new URL(server.adminUrl);
  url.pathname = `/${template}`;
  // Migrations bring their own connection and close it; a template must not be in use.
  await runMigrations(new DataSource(postgresOptions({ url: url.href }, () => undefined)));
}

async function dropAll({ adminUrl, prefix }: TestServer): Promise<void> {
  await withAdmin(adminUrl, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [prefix],
    );
    for (const { datname } of rows) await client.query(`DROP DATABASE IF EXISTS "${datname}" WITH (FORCE)`);
  });
}

/** Runs one piece of work on a connection to the administrative database. */
export async function withAdmin<T>(adminUrl: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
