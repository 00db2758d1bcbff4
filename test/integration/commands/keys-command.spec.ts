import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { keysCommand } from '../../../src/commands/keys/keys-command.js';
import { SEALED_COLUMNS } from '../../../src/commands/keys/sealed-columns.js';
import { APPLICATIONS } from '../../../src/modules/applications/applications.port.js';
import { AUDIT_SETTINGS, WEBHOOK_SECRET_PURPOSE } from '../../../src/modules/audit/audit-settings.port.js';
import { PROVIDERS } from '../../../src/modules/providers/provider-settings.port.js';
import { ChangeFeedService } from '../../../src/platform/change-feed/change-feed.service.js';
import { keyIdOf, SecretBox } from '../../../src/platform/crypto/secret-box.js';
import { startWholeApp } from '../../support/control-plane/whole-app.js';
import type { WholeApp } from '../../support/control-plane/whole-app.js';
import { createRestgate } from '../../../src/app.js';
import { pino } from 'pino';
import { CONFIG } from '../../../src/platform/config/config.js';
import type { Config } from '../../../src/platform/config/config.js';

const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);
const HOOK = { url: 'https://sink.example/hook', secret: 'webhook-secret-of-the-test' };

let app: WholeApp;
let dataSource: DataSource;

beforeEach(async () => {
  app = await startWholeApp({ encryptionKeys: [OLD] });
  dataSource = app.restgate.app.get(DataSource);
  await storeSecrets();
});
afterEach(() => app.close());

/** One secret of every kind that the admin API takes, and one of each that only a flow makes. */
async function storeSecrets(): Promise<void> {
  const created = [
    await app.call('POST', '/applications', {
      key: 'jira',
      name: 'Jira',
      product: 'jira',
      baseUrl: 'http://127.0.0.1:9/jira',
      identity: { mode: 'oauth1', consumerKey: 'restgate' },
      directory: { kind: 'application', username: 'svc', password: 'directory-password' },
    }),
    await app.call('POST', '/applications', {
      key: 'wiki',
      name: 'Wiki',
      product: 'confluence',
      baseUrl: 'http://127.0.0.1:9/wiki',
      identity: {
        mode: 'header',
        header: 'X-User',
        sharedSecretHeader: 'X-Proof',
        sharedSecret: 'shared-secret-long-enough',
      },
      directory: { kind: 'application', personalAccessToken: 'directory-pat' },
    }),
    await app.call('POST', '/providers', {
      name: 'Corp',
      preset: 'custom-oidc',
      issuer: 'https://idp.example',
      clientId: 'restgate',
      clientSecret: 'provider-secret',
    }),
  ];
  expect(created.map(({ status, text }) => [status, status === 201 ? '' : text])).toEqual([
    [201, ''],
    [201, ''],
    [201, ''],
  ]);
  const audit = (await app.call<{ sinks: object }>('GET', '/audit/settings')).body;
  const saved = await app.call('PUT', '/audit/settings', {
    ...audit,
    sinks: { ...audit.sinks, webhook: HOOK },
  });
  expect([saved.status, saved.text]).toEqual([200, expect.any(String)]);
  await storeFlowSecrets(new SecretBox([OLD]));
}

async function storeFlowSecrets(box: SecretBox): Promise<void> {
  const [{ id }] = await dataSource.query<[{ id: string }]>(`SELECT id FROM applications WHERE key = 'jira'`);
  await dataSource.query(
    `INSERT INTO stored_pats (application_id, username_key, username, token) VALUES ($1, 'alice', 'Alice', $2)`,
    [id, box.seal('stored-pat', `stored-pat:${id}:alice`)],
  );
  await dataSource.query(
    `INSERT INTO provider_authorizations (state_hash, provider_id, admin, status, secret, result, expires_at)
     SELECT 'hash', id, 'root', 'complete', '', $1, now() + interval '5 minutes' FROM providers`,
    [box.seal('{}', 'provider-authorizations/hash')],
  );
  await dataSource.query(
    `INSERT INTO audit_seals (kind, day, content, seal) VALUES ('day', '2026-01-01', '{}', $1)`,
    [box.seal('digest', 'audit-seal')],
  );
}

/** Where in the whole database a text occurs. */
async function placesOf(text: string): Promise<string[]> {
  const tables = await dataSource.query<{ name: string }[]>(
    `SELECT quote_ident(table_name) AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const sql = `SELECT count(*)::int AS count FROM ${name} AS line WHERE line::text LIKE $1`;
    const [{ count }] = await dataSource.query<[{ count: number }]>(sql, [`%${text}%`]);
    if (count > 0) found.push(name);
  }
  return found.sort();
}

async function rotate(keys: Buffer[]): Promise<{ status: number; text: string }> {
  let text = '';
  const config = {
    ...app.restgate.app.get<Config>(CONFIG),
    databaseUrl: app.database.url,
    encryptionKeys: keys,
  };
  const status = await keysCommand(['rotate'], () => config, { write: (part) => (text += part) });
  return { status, text };
}

describe('npm run keys -- rotate', () => {
  it('leaves nothing in the database that needs the old key', async () => {
    const old = `v1.${keyIdOf(OLD)}.`;
    const tables = new Set(SEALED_COLUMNS.map(({ table }) => table));
    expect(await placesOf(old)).toEqual([...tables].sort());
    const { status, text } = await rotate([NEW, OLD]);
    expect([status, text]).toEqual([0, expect.stringContaining('sealed anew with key')]);
    expect(await placesOf(old)).toEqual([]);
    expect((await rotate([NEW, OLD])).text).toMatch(/^0 stored secrets/);
  });

  it('keeps every secret, so that a gateway with the new key alone works', async () => {
    await rotate([NEW, OLD]);
    const config = { ...app.restgate.app.get<Config>(CONFIG), encryptionKeys: [NEW] };
    const next = await createRestgate(config, app.database.url, pino({ level: 'silent' }));
    const snapshot = next.app.get(ChangeFeedService).current;
    const secrets = [...PROVIDERS.of(snapshot).byId.values()].map(({ clientSecret }) => clientSecret);
    expect(secrets).toEqual(['provider-secret']);
    const jira = APPLICATIONS.of(snapshot).byKey.get('jira');
    expect(jira?.directory).toMatchObject({ password: 'directory-password' });
    expect(jira?.identity).toMatchObject({ privateKeyPem: expect.stringContaining('PRIVATE KEY') });
    const wiki = APPLICATIONS.of(snapshot).byKey.get('wiki');
    expect(wiki?.identity).toMatchObject({ sharedSecret: 'shared-secret-long-enough' });
    const sealed = AUDIT_SETTINGS.of(snapshot).sinks.webhook?.sealedSecret ?? '';
    expect(new SecretBox([NEW]).open(sealed, WEBHOOK_SECRET_PURPOSE)).toBe(HOOK.secret);
    await next.close();
  });

  it('names what no configured key opens, leaves it as it is and says so by its exit status', async () => {
    const before = await placesOf(`v1.${keyIdOf(OLD)}.`);
    const { status, text } = await rotate([NEW]);
    expect(status).toBe(1);
    expect(text).toContain('providers.client_secret of ');
    expect(text).not.toContain('provider-secret');
    expect(await placesOf(`v1.${keyIdOf(OLD)}.`)).toEqual(before);
  });

  it('is in the audit log', async () => {
    await rotate([NEW, OLD]);
    const { body } = await app.call<{ items: object[] }>(
      'GET',
      '/audit/events?category=admin&user=host-operator',
    );
    expect(body.items).toContainEqual(
      expect.objectContaining({
        target: 'encryption-key',
        after: expect.objectContaining({ keyId: keyIdOf(NEW) }),
      }),
    );
  });

  it('knows every source that seals something for the database', () => {
    // Sealed cookies live ten minutes and are not stored.
    const elsewhere = [
      'src/modules/sessions/sign-in.service.ts',
      'src/platform/crypto/secret-box.ts',
      'src/commands/keys/rotate-keys.ts',
    ];
    const sealing = sourcesBelow('src').filter((file) => /\bbox\.seal\(/.test(readFileSync(file, 'utf8')));
    const known = new Set([...SEALED_COLUMNS.map(({ sealedBy }) => sealedBy), ...elsewhere]);
    expect(sealing.filter((file) => !known.has(file))).toEqual([]);
  });

  it('says how it is used', async () => {
    await expect(keysCommand([], () => ({}) as Config, { write: () => undefined })).rejects.toThrow(
      'npm run keys -- rotate',
    );
  });
});

function sourcesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return entries.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}
