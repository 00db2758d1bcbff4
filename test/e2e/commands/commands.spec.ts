import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AdminClient } from '../../support/admin-client.js';
import { runCommand } from '../../support/command-process.js';
import type { CommandResult } from '../../support/command-process.js';
import { createEmptyDatabase, createTestDatabase } from '../../support/database.js';
import { temporaryFolder } from '../../support/embedded.js';
import { PROCESS_ADMIN_TOKEN, environment } from '../../support/process-world.js';
import { RestgateProcess } from '../../support/restgate-process.js';

const EX_USAGE = 64;
const EX_CONFIG = 78;
const NEW_KEY = Buffer.alloc(32, 3).toString('base64');
const LONG = 120_000;

/** Where the product keeps its data, and how it is started there. */
interface Place {
  readonly env: Record<string, string>;
  readonly folder: string;
  readonly oldKey: () => string;
  remove(): Promise<void>;
}

async function embeddedPlace(): Promise<Place> {
  const folder = temporaryFolder();
  const dataDir = join(folder.path, 'data');
  return {
    env: { PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'warn', LOG_FORMAT: 'json' },
    folder: folder.path,
    oldKey: () => readFileSync(join(dataDir, 'encryption.key'), 'utf8').trim(),
    remove: () => Promise.resolve(folder.remove()),
  };
}

async function externalPlace(): Promise<Place> {
  const folder = temporaryFolder();
  const database = await createTestDatabase();
  const env = environment(database.url, join(folder.path, 'data'));
  return {
    env: { ...env, LOG_LEVEL: 'warn' },
    folder: folder.path,
    oldKey: () => env['ENCRYPTION_KEY'] as string,
    remove: async () => {
      await database.drop();
      folder.remove();
    },
  };
}

describe.each([
  ['embedded', embeddedPlace],
  ['external', externalPlace],
])('commands on the host with an %s database', (_kind, makePlace) => {
  let place: Place;
  let gateway: RestgateProcess | undefined;
  let admin: AdminClient;

  const run = (
    ...[script, ...parameters]: [Parameters<typeof runCommand>[0], ...string[]]
  ): Promise<CommandResult> =>
    runCommand(script, parameters, {
      ...place.env,
      ...(gateway && { RESTGATE_URL: gateway.controlUrl }),
    });

  async function start(more: Record<string, string> = {}): Promise<void> {
    gateway = await RestgateProcess.start({ ...place.env, ...more });
    const generated = join(place.env['DATA_DIR'] as string, 'admin.token');
    const token = existsSync(generated) ? readFileSync(generated, 'utf8').trim() : PROCESS_ADMIN_TOKEN;
    admin = new AdminClient(gateway.controlUrl, token);
  }

  async function stop(): Promise<void> {
    expect(await gateway?.stop()).toBe(0);
    gateway = undefined;
  }

  beforeAll(async () => {
    place = await makePlace();
    await start();
  }, LONG);
  afterAll(async () => {
    await gateway?.stop('SIGKILL');
    await place.remove();
  });

  it('while the gateway runs: config exports, plans with status 2, applies, and finds nothing more', async () => {
    const file = join(place.folder, 'restgate.yaml');
    expect(await run('config', 'export', file)).toEqual({
      status: 0,
      stdout: `Written to ${file}.\n`,
      stderr: '',
    });
    const exported = readFileSync(file, 'utf8');
    writeFileSync(file, exported.replace(/maxTokensPerUser: .*/, 'maxTokensPerUser: 7'));
    expect(await run('config', 'plan', file)).toMatchObject({
      status: 2,
      stdout: expect.stringMatching(/1 change to apply/),
    });
    expect(await run('config', 'apply', file)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/1 change applied/),
    });
    expect(await run('config', 'plan', file)).toMatchObject({ status: 0 });
  });

  it('while the gateway runs: reset-access is in force at once, and the audit log stays whole', async () => {
    await admin.call('PATCH', '/global-settings', { adminGroups: ['gone'] });
    expect(await run('admin', 'reset-access', '--admin-group', 'ops')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/Admins by group are the members of ops only/),
    });
    const deadline = Date.now() + 5000;
    let groups: string[] = [];
    while (groups[0] !== 'ops' && Date.now() < deadline) {
      groups = (await admin.call<{ adminGroups: string[] }>('GET', '/global-settings')).adminGroups;
    }
    expect(groups).toEqual(['ops']);
    expect(await run('audit:verify')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/Every event is as it was written/),
    });
  });

  it(
    'while it is stopped: the same, but for config, which says that the gateway has to run',
    async () => {
      await stop();
      expect(await run('admin', 'reset-access')).toMatchObject({ status: 0 });
      expect(await run('audit:verify')).toMatchObject({ status: 0 });
      const answer = await runCommand('config', ['plan', join(place.folder, 'restgate.yaml')], {
        ...place.env,
        RESTGATE_URL: 'http://127.0.0.1:1',
        ADMIN_TOKEN: PROCESS_ADMIN_TOKEN,
      });
      expect(answer).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/The gateway has to run; RESTGATE_URL says where/),
      });
      await start();
      expect(await admin.call('GET', '/global-settings')).toMatchObject({ adminGroups: [] });
    },
    LONG,
  );

  it(
    'keys rotate: secrets open with the new key alone afterwards',
    async () => {
      await admin.call('POST', '/providers', {
        name: 'Corp',
        preset: 'custom-oidc',
        issuer: 'https://idp.example',
        clientId: 'restgate',
        clientSecret: 'secret-of-the-provider',
      });
      await stop();
      const alone = { ...place.env, ENCRYPTION_KEY: NEW_KEY };
      const without = await runCommand('keys', ['rotate'], alone);
      expect(without).toMatchObject({
        status: 1,
        stdout: expect.stringMatching(/providers\.client_secret of /),
      });
      const both = { ...alone, ENCRYPTION_KEY_PREVIOUS: place.oldKey() };
      expect(await runCommand('keys', ['rotate'], both)).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/No stored secret needs an earlier key/),
      });
      expect(await runCommand('keys', ['rotate'], alone)).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^0 stored secrets/),
      });
      await start({ ENCRYPTION_KEY: NEW_KEY });
      const { items } = await admin.call<{ items: object[] }>('GET', '/providers');
      expect(items).toEqual([expect.objectContaining({ clientSecretSet: true })]);
    },
    LONG,
  );
});

describe('commands on the host with the wrong environment', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => (folder = temporaryFolder()));
  afterEach(() => folder.remove());

  it('make no database where there is none, and say what to set', async () => {
    const env = { DATA_DIR: join(folder.path, 'data') };
    expect(await runCommand('admin', ['reset-access'], env)).toMatchObject({
      status: EX_CONFIG,
      stderr: expect.stringMatching(/DATABASE_URL is not set, and DATA_DIR \(.*\) holds no database/),
    });
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('seal nothing with a key that was made up just now', async () => {
    for (const script of ['keys', 'audit:verify'] as const) {
      const { status, stderr } = await runCommand(script, script === 'keys' ? ['rotate'] : [], {
        DATA_DIR: folder.path,
      });
      expect([status, stderr]).toEqual([
        EX_CONFIG,
        expect.stringMatching(/ENCRYPTION_KEY is not set, and DATA_DIR/),
      ]);
    }
  });

  it('tell a database that is empty, and one that is away', async () => {
    const database = await createEmptyDatabase();
    const env = environment(database.url, folder.path);
    expect(await runCommand('admin', ['reset-access'], env)).toMatchObject({
      status: EX_CONFIG,
      stderr: expect.stringMatching(/The database holds no tables of Restgate/),
    });
    await database.drop();
    const away = { ...env, DATABASE_URL: 'postgres://user:secret-word@127.0.0.1:1/restgate' };
    const { status, stderr } = await runCommand('admin', ['reset-access'], away);
    expect([status, stderr]).toEqual([1, expect.stringMatching(/ECONNREFUSED 127\.0\.0\.1:1/)]);
    expect(stderr).not.toContain('secret-word');
  });

  it.each(['config', 'keys', 'admin'] as const)(
    'npm run %s without a verb says how it is used',
    async (script) => {
      const { status, stderr } = await runCommand(script, [], { DATA_DIR: folder.path });
      expect([status, stderr]).toEqual([EX_USAGE, expect.stringContaining(`npm run ${script} -- `)]);
    },
  );
});
