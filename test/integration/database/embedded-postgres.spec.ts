import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../../src/platform/database/embedded/embedded-postgres.js';
import {
  answers,
  clusterProcesses,
  installDir,
  postmasterOf,
  query,
  temporaryFolder,
  until,
} from '../../support/embedded.js';

const log = (): void => undefined;

describe('the embedded database', () => {
  const folder = temporaryFolder();
  const dataDir = join(folder.path, 'data');
  let running: EmbeddedPostgres | undefined;

  async function start(dir = dataDir, from = installDir): Promise<EmbeddedPostgres> {
    running = await startEmbeddedPostgres({ dataDir: dir, installDir: from, log });
    return running;
  }

  async function stop(): Promise<void> {
    await running?.stop();
    running = undefined;
  }

  afterEach(stop);
  afterAll(() => folder.remove());

  it('keeps its data and leaves nothing running when it is stopped', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await stop();
    expect(await clusterProcesses(dataDir)).toEqual([]);
    expect(await answers(first.url)).toBe(false);
    const second = await start();
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('listens on loopback only, demands its password and keeps that readable for its owner only', async () => {
    const { url } = await start();
    const rows = await query(
      url,
      `SELECT name, setting FROM pg_settings
      WHERE name IN ('listen_addresses', 'unix_socket_directories', 'fsync') ORDER BY name`,
    );
    expect(rows).toEqual([
      { name: 'fsync', setting: 'on' },
      { name: 'listen_addresses', setting: '127.0.0.1' },
      { name: 'unix_socket_directories', setting: '' },
    ]);
    const methods = await query<{ auth_method: string }>(
      url,
      'SELECT DISTINCT auth_method FROM pg_hba_file_rules',
    );
    expect(methods).toEqual([{ auth_method: 'scram-sha-256' }]);
    const passwordFile = join(dataDir, 'postgres.password');
    expect(statSync(passwordFile).mode & 0o777).toBe(0o600);
    expect(new URL(url).password).toBe(readFileSync(passwordFile, 'utf8'));
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('refuses a second gateway on the same directory and says what to do', async () => {
    const { url } = await start();
    const second = startEmbeddedPostgres({ dataDir, installDir, log });
    await expect(second).rejects.toThrow(/in use by another Restgate \(process \d+\).*set another DATA_DIR/);
    expect(await answers(url)).toBe(true);
  });

  it('comes back under the same address, with its data, when PostgreSQL is killed', async () => {
    const database = await start();
    await query(database.url, 'CREATE TABLE survivor AS SELECT 7 AS n');
    const exits = new Promise<void>((resolve) => database.onExit(resolve));
    process.kill(await postmasterOf(dataDir), 'SIGKILL');
    await exits;
    await until(() => answers(database.url));
    expect(await query(database.url, 'SELECT n FROM survivor')).toEqual([{ n: 7 }]);
  });

  it('is not misled by a lock file whose process number now belongs to somebody else', async () => {
    await start();
    await stop();
    writeFileSync(
      join(dataDir, 'postgres', 'postmaster.pid'),
      `${process.ppid}\n${dataDir}/postgres\n1\n5432\n`,
    );
    const { url } = await start();
    expect(await answers(url)).toBe(true);
  });

  it('says what to do when the password file is lost', async () => {
    await start();
    await stop();
    const path = join(dataDir, 'postgres.password');
    const password = readFileSync(path);
    rmSync(path);
    await expect(start()).rejects.toThrow(/postgres\.password is missing/);
    writeFileSync(path, 'another', { mode: 0o600 });
    await expect(start()).rejects.toThrow(/does not belong to this database/);
    expect(await clusterProcesses(dataDir)).toEqual([]);
    writeFileSync(path, password, { mode: 0o600 });
  });

  it('says what to do when the cluster was made by another major version', async () => {
    await start();
    await stop();
    const path = join(dataDir, 'postgres', 'PG_VERSION');
    const version = readFileSync(path);
    writeFileSync(path, '12\n');
    await expect(start()).rejects.toThrow(/made by PostgreSQL 12/);
    writeFileSync(path, version);
  });

  it('says what to do when its package is not installed', async () => {
    const empty = join(folder.path, 'no-package');
    mkdirSync(empty);
    writeFileSync(join(empty, 'package.json'), '{}');
    await expect(start(join(folder.path, 'other'), empty)).rejects.toThrow(
      /is not installed.*npm ci.*DATABASE_URL/,
    );
  });
});
