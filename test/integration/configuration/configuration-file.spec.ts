import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { ConfigurationFile } from '../../../src/modules/configuration/configuration-file.service.js';
import { ConfigurationService } from '../../../src/modules/configuration/configuration.service.js';
import { ConfigurationError } from '../../../src/platform/config/read-config.js';
import { startWholeApp } from '../../support/control-plane/whole-app.js';
import type { WholeApp } from '../../support/control-plane/whole-app.js';

let folder: string;
let one: WholeApp;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'restgate-file-'));
  const configurationFile = file(
    'restgate.yaml',
    'formatVersion: 1\nglobalSettings: { adminGroups: [from-file] }\n',
  );
  one = await startWholeApp({ configurationFile });
});
afterEach(async () => {
  await one.close();
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function applying(path: string): Promise<unknown> {
  const service = one.restgate.app.get(ConfigurationService);
  const configurationFile = new ConfigurationFile(
    { configurationFile: path },
    service,
    pino({ level: 'silent' }),
  );
  return configurationFile.applyAtStart().catch((error: unknown) => error);
}

async function faultsOf(text: string): Promise<readonly string[]> {
  const error = await applying(file('broken.yaml', text));
  if (!(error instanceof ConfigurationError)) throw new Error(`not refused: ${String(error)}`);
  return error.faults;
}

it('is in force when the product is ready, and in the audit log', async () => {
  const settings = await one.call<{ adminGroups: string[] }>('GET', '/global-settings');
  expect(settings.body.adminGroups).toEqual(['from-file']);
  const events = await one.call<{ items: { user: string }[] }>('GET', '/audit/events?category=admin');
  expect(events.body.items.map(({ user }) => user)).toEqual(['configuration-file']);
});

it('names each fault, and keeps nothing of the document', async () => {
  const faults = await faultsOf(
    'formatVersion: 1\nglobalSettings: { adminGroups: [x], oauthTokensEnabled: maybe, no: 1 }\n',
  );
  expect(faults.map((fault) => fault.replace(/^.*broken\.yaml: /, '').split(':')[0])).toEqual(
    expect.arrayContaining(['globalSettings.oauthTokensEnabled', 'globalSettings.no']),
  );
  const settings = await one.call<{ adminGroups: string[] }>('GET', '/global-settings');
  expect(settings.body.adminGroups).toEqual(['from-file']);
});

it('names text that is no YAML, and a file that is not there', async () => {
  expect(await faultsOf('formatVersion: [1')).toEqual([expect.stringContaining('not a well-formed')]);
  const missing = await applying(join(folder, 'nowhere.yaml'));
  expect((missing as ConfigurationError).faults).toEqual([expect.stringContaining('ENOENT')]);
});

it('takes secrets from files that it names; the API does not', async () => {
  const secret = file('secret', 'directory-password\n');
  const jira = {
    key: 'jira',
    product: 'jira',
    baseUrl: 'http://127.0.0.1:1',
    directory: { kind: 'application', username: 'svc', password: { $file: secret } },
  };
  const document = { formatVersion: 1, applications: [jira] };
  expect((await one.call('PUT', '/configuration', document)).status).toBe(400);
  expect(await applying(file('whole.json', JSON.stringify(document)))).toBeUndefined();
  const stored = await one.call<{ directory: object }>('GET', '/applications/jira');
  expect(stored.body.directory).toMatchObject({ username: 'svc', passwordSet: true });
});
