import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOurs, linkLibraries } from '../../../../src/platform/database/embedded/binaries.js';
import { refuseOtherMachine } from '../../../../src/platform/database/embedded/owner-file.js';
import { type Level, levelOf, ServerLog } from '../../../../src/platform/database/embedded/server-log.js';
import { mayPass, parsePasswd } from '../../../../src/platform/database/embedded/system-user.js';

const folder = mkdtempSync(join(tmpdir(), 'restgate-unit-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('choosing the user of PostgreSQL', () => {
  it('takes the user postgres of the machine', () => {
    const text = 'root:x:0:0::/root:/bin/sh\npostgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\n';
    expect(parsePasswd(text)).toEqual({ uid: 101, gid: 104 });
  });

  it.each(['root:x:0:0::/root:/bin/sh', 'postgres:x:0:0::/:/bin/sh', 'postgres:x::', ''])(
    'finds none in %j',
    (text) => {
      expect(parsePasswd(text)).toBeUndefined();
    },
  );

  it.each([
    ['the owner of a private folder', 0o700, { uid: 5, gid: 9 }, true],
    ['the group of a private folder', 0o700, { uid: 6, gid: 5 }, false],
    ['the group where it may', 0o710, { uid: 6, gid: 5 }, true],
    ['others where only the group may', 0o710, { uid: 6, gid: 6 }, false],
    ['others where all may', 0o711, { uid: 6, gid: 6 }, true],
    ['the owner where only others may', 0o011, { uid: 5, gid: 5 }, false],
  ])('knows whether %s may pass', (_, mode, user, expected) => {
    expect(mayPass(mode, { uid: 5, gid: 5 }, user)).toBe(expected);
  });
});

describe('a copy of the programs', () => {
  it('is trusted only as a real folder of ours that nobody else can write to', async () => {
    const own = join(folder, 'own');
    mkdirSync(own, { mode: 0o755 });
    symlinkSync(own, join(folder, 'link'));
    expect(await isOurs(own)).toBe(true);
    expect(await isOurs(join(folder, 'link'))).toBe(false);
    expect(await isOurs(join(folder, 'absent'))).toBe(false);
    chmodSync(own, 0o775);
    expect(await isOurs(own)).toBe(false);
  });

  it('gets the library links that an install without scripts has left out, once', async () => {
    const native = join(folder, 'package', 'native');
    mkdirSync(join(native, 'lib'), { recursive: true });
    writeFileSync(join(native, 'lib', 'libx.so.1.2'), '');
    const links = [{ source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so.1' }];
    writeFileSync(join(native, 'pg-symlinks.json'), JSON.stringify(links));
    expect(await linkLibraries(native)).toBe(true);
    expect(await linkLibraries(native)).toBe(true);
    expect(existsSync(join(native, 'lib', 'libx.so.1'))).toBe(true);
  });
});

describe('a data directory that two containers share', () => {
  const data = join(folder, 'shared');
  const file = join(data, 'postgres.owner');
  const check = (waitMs: number) => refuseOtherMachine(join(data, 'postgres'), 'here', waitMs);
  beforeAll(() => mkdirSync(join(data, 'postgres'), { recursive: true }));

  it('is refused while the other one gives signs of life', async () => {
    writeFileSync(file, 'there\n1\n');
    const signs = setInterval(() => writeFileSync(file, 'there\n1\n'), 50);
    await expect(check(5_000)).rejects.toThrow(/in use by another Restgate on there/);
    clearInterval(signs);
  });

  it('is taken when the other one has fallen silent', async () => {
    writeFileSync(file, 'there\n1\n');
    await expect(check(500)).resolves.toBeUndefined();
  });

  it('is taken at once when the trace is old, is our own, or is missing', async () => {
    const endless = 3_600_000;
    utimesSync(file, new Date(), new Date(Date.now() - 3_600_000));
    await check(endless);
    writeFileSync(file, 'here\n1\n');
    await check(endless);
    rmSync(file);
    await expect(check(endless)).resolves.toBeUndefined();
  });
});

describe('the log of PostgreSQL', () => {
  const lines: [Level, string][] = [];
  const log = new ServerLog((level, message) => lines.push([level, message]));
  beforeEach(() => lines.splice(0));

  it('ranks lines by what they mean for the gateway', () => {
    expect(levelOf('LOG:  checkpoint starting')).toBe('debug');
    expect(levelOf('FATAL:  terminating connection')).toBe('warn');
    expect(levelOf('PANIC:  could not write')).toBe('error');
  });

  it('does not complain while it starts, but remembers why it failed', () => {
    log.add('FATAL:  could not create any TCP/IP');
    log.add(' sockets\nLOG:  database system is shut down\n');
    expect(lines.map(([level]) => level)).toEqual(['debug', 'debug']);
    expect(log.reason()).toBe('FATAL:  could not create any TCP/IP sockets');
  });

  it('tells what ended the supervisor, not the last line of its stack', () => {
    const fresh = new ServerLog(() => undefined);
    fresh.add("  throw err;\n  ^\n\nError: Cannot find module '/x/scripts/postgres-supervisor.mjs'\n");
    fresh.add(
      "    at Module._resolveFilename (node:internal)\n  code: 'MODULE_NOT_FOUND'\n}\n\nNode.js v24.0.0\n",
    );
    expect(fresh.reason()).toBe("Error: Cannot find module '/x/scripts/postgres-supervisor.mjs'");
  });

  it('passes on a limited number of lines, each of a limited length', () => {
    log.ready();
    log.add(`WARNING:  ${'x'.repeat(5_000)}\n`);
    log.add('WARNING:  again\n'.repeat(500));
    expect(lines.length).toBeLessThanOrEqual(121);
    expect(Math.max(...lines.map(([, message]) => message.length))).toBeLessThan(1_100);
  });
});
