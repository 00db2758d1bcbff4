import { startWholeApp } from '../../support/control-plane/whole-app.js';
import type { WholeApp } from '../../support/control-plane/whole-app.js';

interface Version {
  key: string;
  version: number;
  at: string;
  by: string;
  current: boolean;
  changes: { path: string; before: unknown; after: unknown }[];
  value?: Record<string, unknown>;
}

interface Page {
  items: Version[];
  nextCursor: string | null;
}

const VERSIONS = '/configuration/versions';
let app: WholeApp;

beforeEach(async () => {
  app = await startWholeApp();
});
afterEach(() => app.close());

const page = async (query: string): Promise<Page> =>
  (await app.call<Page>('GET', `${VERSIONS}${query}`)).body;
const anonymous = (value: string): Promise<unknown> =>
  app.call('PATCH', '/global-settings', { anonymousAccess: value });

describe('versions of settings', () => {
  it('tell who saved what and when, before and after, the newest first', async () => {
    await anonymous('deny');
    await anonymous('application');
    const { items, nextCursor } = await page('?key=global-settings');
    expect(nextCursor).toBeNull();
    expect(items.map(({ version, current, by }) => [version, current, by])).toEqual([
      [2, true, 'bootstrap-admin'],
      [1, false, 'bootstrap-admin'],
    ]);
    expect(items[0]?.changes).toEqual([
      { path: 'global-settings.anonymousAccess', before: 'deny', after: 'application' },
    ]);
    expect(new Date(items[0]?.at ?? '').toISOString()).toBe(items[0]?.at);
  });

  it('come page by page, of all settings, each once', async () => {
    for (const value of ['deny', 'application', 'public-apis']) await anonymous(value);
    const tokens = (await app.call<object>('GET', '/token-settings')).body;
    await app.call('PUT', '/token-settings', { ...tokens, maxTokensPerUser: 3 });
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const answer: Page = await page(`?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      expect(answer.items.length).toBeLessThanOrEqual(2);
      seen.push(...answer.items.map(({ key, version }) => `${key} ${version}`));
      cursor = answer.nextCursor;
    }
    expect(seen).toEqual(['token-settings 1', 'global-settings 3', 'global-settings 2', 'global-settings 1']);
  });

  it('are restored as a new version, which is in force and audited at once', async () => {
    await anonymous('deny');
    await anonymous('application');
    const restored = await app.call<Version>('POST', `${VERSIONS}/global-settings/1/restore`);
    expect([restored.status, restored.body]).toEqual([
      200,
      expect.objectContaining({ version: 3, current: true }),
    ]);
    expect(restored.body.value).toMatchObject({ anonymousAccess: 'deny' });
    expect((await app.call('GET', '/global-settings')).body).toMatchObject({ anonymousAccess: 'deny' });
    const { body } = await app.call<{ items: object[] }>('GET', '/audit/events?category=admin');
    expect(body.items[0]).toMatchObject({
      target: 'global-settings',
      before: { anonymousAccess: 'application' },
      after: { anonymousAccess: 'deny' },
    });
    const again = await app.call<Version>('POST', `${VERSIONS}/global-settings/3/restore`);
    expect(again.body.version).toBe(3);
  });

  it('go through the checks of their feature: what shuts the caller out needs to be confirmed', async () => {
    const path = '/restrictions/ip';
    const ip = (await app.call<object>('GET', path)).body;
    const strict = { ...ip, enabled: true, allowed: ['192.0.2.7'] };
    expect((await app.call('PUT', `${path}?confirm=true`, strict)).status).toBe(200);
    expect((await app.call('PUT', path, ip)).status).toBe(200);
    const restore = `${VERSIONS}/restrictions%2Fip/1/restore`;
    expect((await app.call<object>('POST', restore)).body).toMatchObject({
      status: 409,
      code: 'would_lock_out',
    });
    expect((await app.call('GET', path)).body).toMatchObject({ enabled: false });
    expect((await app.call('POST', `${restore}?confirm=true`)).status).toBe(200);
    expect((await app.call('GET', path)).body).toMatchObject({ enabled: true, allowed: ['192.0.2.7'] });
  });

  it('never show a secret, and keep the present one when they are restored', async () => {
    const audit = (await app.call<{ sinks: object }>('GET', '/audit/settings')).body;
    const webhook = { url: 'https://sink.example/one', secret: 'the-webhook-secret-of-the-test' };
    await app.call('PUT', '/audit/settings', { ...audit, sinks: { ...audit.sinks, webhook } });
    await app.call('PUT', '/audit/settings', {
      ...audit,
      sinks: { ...audit.sinks, webhook: { url: 'https://sink.example/two' } },
    });
    const shown = await app.call<Version>('GET', `${VERSIONS}/audit-settings/1`);
    expect(shown.text).toContain('https://sink.example/one');
    const all = await app.call('GET', VERSIONS);
    for (const { text } of [shown, all]) expect(text).not.toMatch(/v1\.[0-9a-f]{8}\.|webhook-secret/);
    expect((await app.call('POST', `${VERSIONS}/audit-settings/1/restore`)).status).toBe(200);
    expect((await app.call('GET', '/audit/settings')).body).toMatchObject({
      sinks: { webhook: { url: 'https://sink.example/one', secretSet: true } },
    });
  });

  it('exist for every section that is one settings document', async () => {
    const keys = ['audit-settings', 'global-settings', 'public-api', 'rate-limit', 'restrictions/groups'];
    for (const key of [...keys, 'restrictions/ip', 'token-settings']) {
      const { status } = await app.call('GET', `${VERSIONS}?key=${encodeURIComponent(key)}`);
      expect([key, status]).toEqual([key, 200]);
    }
  });

  it.each([
    ['GET', '?key=nothing', 404],
    ['GET', '/global-settings/99', 404],
    ['GET', '/global-settings/99999999999', 404],
    ['GET', '/global-settings/x', 400],
    ['GET', '?cursor=nonsense', 400],
    ['GET', '?limit=0', 400],
    ['POST', '/global-settings/99/restore', 404],
    ['POST', '/nothing/1/restore', 404],
  ] as const)('%s %s answers %d', async (method, path, status) => {
    const answer = await app.call(method, VERSIONS + path);
    expect([answer.status, answer.headers['content-type']]).toEqual([
      status,
      expect.stringContaining('application/problem+json'),
    ]);
  });
});

describe('applications and providers', () => {
  it('have before and after of each change in the audit log', async () => {
    await app.call('POST', '/applications', {
      key: 'jira',
      name: 'Jira',
      product: 'jira',
      baseUrl: 'http://127.0.0.1:9/jira',
      identity: { mode: 'none' },
      directory: { kind: 'claims' },
    });
    await app.call('PATCH', '/applications/jira', { name: 'Jira two' });
    const made = await app.call<{ id: string }>('POST', '/providers', {
      name: 'Corp',
      preset: 'custom-oidc',
      issuer: 'https://idp.example',
      clientId: 'one',
      clientSecret: 'a-secret-of-the-test',
    });
    await app.call('PATCH', `/providers/${made.body.id}`, { clientId: 'two' });
    const { body, text } = await app.call<{ items: object[] }>('GET', '/audit/events?category=admin');
    expect(body.items).toContainEqual(
      expect.objectContaining({
        target: 'applications/jira',
        before: expect.objectContaining({ name: 'Jira' }),
        after: expect.objectContaining({ name: 'Jira two' }),
      }),
    );
    expect(body.items).toContainEqual(
      expect.objectContaining({
        before: expect.objectContaining({ clientId: 'one' }),
        after: expect.objectContaining({ clientId: 'two' }),
      }),
    );
    expect(text).not.toContain('a-secret-of-the-test');
  });
});
