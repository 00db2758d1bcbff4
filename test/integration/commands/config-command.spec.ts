import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configCommand } from '../../../src/commands/config/config-command.js';
import { readClientConfig } from '../../../src/platform/config/read-client-config.js';
import { startTestRestgate, TEST_ADMIN_TOKEN } from '../../support/restgate.js';
import type { TestRestgate } from '../../support/restgate.js';

let gateway: TestRestgate;
let folder: string;

beforeAll(async () => {
  gateway = await startTestRestgate();
  folder = mkdtempSync(join(tmpdir(), 'restgate-config-'));
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function run(...parameters: string[]): Promise<{ status: number; text: string }> {
  let text = '';
  const client = (): { url: string; adminToken: string } => ({
    url: gateway.url,
    adminToken: TEST_ADMIN_TOKEN,
  });
  const status = await configCommand(parameters, client, { write: (part) => (text += part) });
  return { status, text };
}

function fileOf(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('npm run config', () => {
  it('exports what plan finds nothing to change in, as YAML and as JSON', async () => {
    for (const name of ['exported.yaml', 'exported.json']) {
      const path = join(folder, name);
      expect((await run('export', path)).status).toBe(0);
      expect(await run('plan', path)).toEqual({
        status: 0,
        text: 'The configuration already says what the file says.\n',
      });
    }
    expect(readFileSync(join(folder, 'exported.yaml'), 'utf8')).toMatch(/^formatVersion: 1$/m);
    expect(JSON.parse(readFileSync(join(folder, 'exported.json'), 'utf8'))).toMatchObject({
      formatVersion: 1,
    });
    expect((await run('export', '-')).text).toBe(readFileSync(join(folder, 'exported.yaml'), 'utf8'));
  });

  it('shows a plan and answers 2 without changing anything; apply changes it', async () => {
    const file = fileOf('change.yaml', 'formatVersion: 1\ntokenSettings:\n  maxTokensPerUser: 7\n');
    const planned = await run('plan', file);
    expect(planned.status).toBe(2);
    expect(planned.text).toContain('~ token-settings.maxTokensPerUser\n');
    expect(planned.text).toMatch(/\n {4}\+ 7\n/);
    expect(planned.text).toMatch(/to apply\.\n$/);
    expect(await gateway.admin.call('GET', '/token-settings')).not.toMatchObject({ maxTokensPerUser: 7 });
    const applied = await run('apply', file);
    expect([applied.status, applied.text]).toEqual([0, expect.stringMatching(/applied\.\n$/)]);
    expect(await gateway.admin.call('GET', '/token-settings')).toMatchObject({ maxTokensPerUser: 7 });
    expect((await run('plan', file)).status).toBe(0);
  });

  it('gives the refusal of the gateway with its fields', async () => {
    const file = fileOf('broken.yaml', 'formatVersion: 1\ntokenSettings:\n  maxTokensPerUser: none\n');
    await expect(run('apply', file)).rejects.toThrow(/^400 [\s\S]*\n {2}- tokenSettings\.maxTokensPerUser: /);
  });

  it('says which gateway did not answer', async () => {
    const client = (): { url: string; adminToken: string } => ({
      url: 'http://127.0.0.1:1',
      adminToken: 'x',
    });
    const file = fileOf('any.yaml', 'formatVersion: 1\n');
    const failing = configCommand(['plan', file], client, { write: () => undefined });
    await expect(failing).rejects.toThrow('No answer from http://127.0.0.1:1');
  });

  it.each([[[]], [['plan']], [['destroy', 'x']], [['plan', 'a', 'b']]])('refuses %j', async (parameters) => {
    await expect(run(...parameters)).rejects.toThrow('plan|apply|export FILE');
  });
});

describe('where the commands find the gateway', () => {
  it('is RESTGATE_URL, else PUBLIC_URL, else the local default', () => {
    const token = { ADMIN_TOKEN: 'a-token', DATA_DIR: '/nowhere' };
    const urls = [
      { ...token, RESTGATE_URL: 'https://a.example/', PUBLIC_URL: 'https://b.example' },
      { ...token, PUBLIC_URL: 'https://b.example' },
      { ...token, PORT: '9999' },
    ].map((environment) => readClientConfig(environment).url);
    expect(urls).toEqual(['https://a.example', 'https://b.example', 'http://localhost:9999']);
  });

  it('takes the generated token of DATA_DIR, and says when there is none', () => {
    expect(() => readClientConfig({ DATA_DIR: '/nowhere' })).toThrow('ADMIN_TOKEN is not set');
    fileOf('admin.token', 'generated-token\n');
    expect(readClientConfig({ DATA_DIR: folder }).adminToken).toBe('generated-token');
  });
});
