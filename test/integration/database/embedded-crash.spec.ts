import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  clusterProcesses,
  endAll,
  postmasterOf,
  query,
  type Runner,
  startRunner,
  temporaryFolder,
  untilGone,
} from '../../support/embedded.js';

describe('the embedded database of a gateway that is killed', () => {
  const folder = temporaryFolder();
  const runners: Runner[] = [];

  async function start(dataDir: string): Promise<Runner> {
    const runner = await startRunner(dataDir);
    runners.push(runner);
    return runner;
  }

  afterEach(() => endAll(runners));
  afterAll(() => folder.remove());

  it('got none of its environment, ends by itself, and the next start has the data', async () => {
    const dataDir = join(folder.path, 'killed');
    const first = await start(dataDir);
    const environments = (await clusterProcesses(dataDir)).map(({ pid }) => environmentOf(pid));
    expect(environments.join('\n')).not.toContain('not-for-postgres');
    await query(first.first.url ?? '', 'CREATE TABLE kept AS SELECT 1 AS n');
    await first.kill();
    // At once, while PostgreSQL may still be stopping.
    const second = await start(dataDir);
    expect(second.first).toMatchObject({ event: 'started' });
    expect(await query(second.first.url ?? '', 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
    await second.kill();
    await untilGone(dataDir);
  });

  it('is stopped by the next start when its supervisor was killed too', async () => {
    const dataDir = join(folder.path, 'orphaned');
    const first = await start(dataDir);
    await query(first.first.url ?? '', 'CREATE TABLE kept AS SELECT 2 AS n');
    const orphan = await postmasterOf(dataDir);
    const supervisor = (await clusterProcesses(dataDir)).find(({ command }) =>
      command.includes('supervisor'),
    );
    process.kill(supervisor?.pid ?? 0, 'SIGSTOP');
    await first.kill();
    process.kill(supervisor?.pid ?? 0, 'SIGKILL');
    const second = await start(dataDir);
    expect(second.first).toMatchObject({ event: 'started' });
    expect(await postmasterOf(dataDir)).not.toBe(orphan);
    expect(await query(second.first.url ?? '', 'SELECT n FROM kept')).toEqual([{ n: 2 }]);
  });

  it('goes to exactly one of two gateways that start at the same time on an empty directory', async () => {
    const dataDir = join(folder.path, 'raced');
    const both = await Promise.all([start(dataDir), start(dataDir)]);
    expect(both.map(({ first }) => first.event).sort()).toEqual(['failed', 'started']);
    expect(both.find(({ first }) => first.event === 'failed')?.first.message).toMatch(
      /in use by another Restgate/,
    );
  });
});

function environmentOf(pid: number): string {
  return process.platform === 'linux' ? readFileSync(`/proc/${pid}/environ`, 'utf8') : '';
}
