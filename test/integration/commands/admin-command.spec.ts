import { adminCommand } from '../../../src/commands/admin/admin-command.js';
import type { Config } from '../../../src/platform/config/config.js';
import { startWholeApp } from '../../support/control-plane/whole-app.js';
import type { WholeApp } from '../../support/control-plane/whole-app.js';

let app: WholeApp;

beforeAll(async () => {
  app = await startWholeApp();
});
afterAll(() => app.close());

async function run(...parameters: string[]): Promise<string> {
  let text = '';
  const config = { databaseUrl: app.database.url } as Config;
  await adminCommand(parameters, () => config, { write: (part) => (text += part) });
  return text;
}

interface Settings {
  adminGroups: string[];
  auditorGroups: string[];
  mode: string;
  allowed: string[];
}

/** A running gateway takes changes of others over by itself. */
async function eventually(path: string, expected: Partial<Settings>): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const { body } = await app.call<Settings>('GET', path);
    if (JSON.stringify({ ...body, ...expected }) === JSON.stringify(body)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect((await app.call<Settings>('GET', path)).body).toMatchObject(expected);
}

describe('npm run admin -- reset-access', () => {
  it('empties the groups that make admins and auditors, and lets the address list report only', async () => {
    await app.call('PATCH', '/global-settings', { adminGroups: ['gone'], auditorGroups: ['spies'] });
    const ip = (await app.call<object>('GET', '/restrictions/ip')).body;
    const locked = { ...ip, enabled: true, allowed: ['192.0.2.7'], mode: 'enforce' };
    expect((await app.call('PUT', '/restrictions/ip?confirm=true', locked)).status).toBe(200);
    expect(await run('reset-access')).toContain('Nobody is an admin by group any more.');
    await eventually('/global-settings', { adminGroups: [], auditorGroups: [] });
    await eventually('/restrictions/ip', { mode: 'report', allowed: ['192.0.2.7'] });
  });

  it('makes the given groups the only admin groups', async () => {
    await run('reset-access', '--admin-group', 'restgate-admins', '--admin-group', 'ops');
    await eventually('/global-settings', { adminGroups: ['restgate-admins', 'ops'] });
  });

  it('is in the audit log with before and after', async () => {
    await app.call('PATCH', '/global-settings', { adminGroups: ['before'] });
    await run('reset-access');
    const { body } = await app.call<{ items: object[] }>(
      'GET',
      '/audit/events?category=admin&user=host-operator',
    );
    expect(body.items).toContainEqual(
      expect.objectContaining({
        target: 'global-settings',
        before: expect.objectContaining({ adminGroups: ['before'] }),
        after: expect.objectContaining({ adminGroups: [] }),
      }),
    );
  });

  it.each([[[]], [['reset']], [['reset-access', '--admin-group']], [['reset-access', 'ops']]])(
    'refuses %j and says how it is used',
    async (parameters) => {
      await expect(run(...parameters)).rejects.toThrow('npm run admin -- reset-access');
    },
  );
});
