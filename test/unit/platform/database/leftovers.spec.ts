import { judge, parsePid } from '../../../../src/platform/database/embedded/leftovers.js';
import { parentOf, parsePs } from '../../../../src/platform/database/embedded/processes.js';

const marker = 'restgate-64769-4711';
const supervisor = (parent: number, gateway: number, of = marker) => ({
  pid: 20,
  parent,
  command: `/usr/bin/node /app/scripts/postgres-supervisor.mjs ${of} ${gateway} host /data/postgres.owner 101 104 /app/bin/postgres -c cluster_name=${of}`,
});
const postmaster = (parent: number) => ({
  pid: 30,
  parent,
  command: `/app/bin/postgres -D /data/postgres -c cluster_name=${marker} -c port=1`,
});
const backend = { pid: 31, parent: 30, command: `postgres: ${marker}: checkpointer ` };

describe('judging what still runs on a cluster', () => {
  it('finds it free when nothing carries its marker', () => {
    expect(judge([], marker)).toEqual({ kind: 'free' });
  });

  it('does not take a marker that merely begins alike for its own', () => {
    expect(judge([supervisor(10, 10, `${marker}1`)], marker)).toEqual({ kind: 'free' });
  });

  it('finds it in use when the gateway that its supervisor serves is alive', () => {
    const processes = [supervisor(10, 10), postmaster(20), backend];
    expect(judge(processes, marker)).toEqual({ kind: 'in-use', gatewayPid: 10 });
  });

  it('finds it stopping when the supervisor has lost its gateway', () => {
    const processes = [supervisor(1, 10), postmaster(20), backend];
    expect(judge(processes, marker)).toEqual({ kind: 'stopping', servers: [postmaster(20), backend] });
  });

  it('finds it orphaned when the supervisor is gone', () => {
    expect(judge([postmaster(1), backend], marker)).toEqual({
      kind: 'orphaned',
      servers: [postmaster(1), backend],
    });
  });

  it('finds it orphaned when only workers of a killed server are left', () => {
    expect(judge([{ ...backend, parent: 1 }], marker)).toMatchObject({ kind: 'orphaned' });
  });
});

describe('reading lock files and process lists', () => {
  it.each([
    ['4711\n/data\n', 4711],
    ['-4711\n/data\n', 4711],
    ['', 0],
    ['nonsense', 0],
  ])('reads the process number of %j as %d', (text, pid) => {
    expect(parsePid(text)).toBe(pid);
  });

  it('finds the parent whatever the program is called', () => {
    expect(parentOf('77 (a) b (c) S 12 77 77 0 -1')).toBe(12);
  });

  it('reads the output of ps', () => {
    expect(parsePs('    1     0 /sbin/launchd\n  412   1 postgres: x: checkpointer \n\n')).toEqual([
      { pid: 1, parent: 0, command: '/sbin/launchd' },
      { pid: 412, parent: 1, command: 'postgres: x: checkpointer ' },
    ]);
  });
});
