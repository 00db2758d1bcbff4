import type { ConfigurationChange } from '../../../src/modules/configuration/configuration-diff.policy.js';
import type { Problem } from '../../../src/platform/http/problem.js';
import { startWholeApp } from '../../support/control-plane/whole-app.js';
import type { WholeApp } from '../../support/control-plane/whole-app.js';

interface Plan {
  readonly applied: boolean;
  readonly changes: readonly ConfigurationChange[];
}
type Document = Record<string, unknown>;

const JIRA = {
  key: 'jira',
  product: 'jira',
  baseUrl: 'http://127.0.0.1:1/jira',
  identity: {
    mode: 'header',
    header: 'X-Restgate-User',
    sharedSecretHeader: 'X-Secret',
    sharedSecret: 'hush-hush-hush',
  },
  directory: { kind: 'application', username: 'svc', password: 'pass-pass-pass' },
};
const KEYCLOAK = {
  name: 'Keycloak',
  preset: 'custom-oauth2',
  clientId: 'gateway',
  clientSecret: 'very-secret-value',
  endpoints: {
    authorization: 'https://idp.example/authorize',
    token: 'https://idp.example/token',
    userinfo: 'https://idp.example/userinfo',
  },
  validation: 'userinfo',
  audienceCheck: 'accept-any-client',
  usernameAttribute: 'preferred_username',
};
const WANTED = {
  formatVersion: 1,
  globalSettings: { adminGroups: ['jira-administrators'], basicAuthenticationDisabled: true },
  groupRestrictions: { apiAccess: { enabled: true, groups: ['api-users'] } },
  publicApi: { additionalPublic: [{ methods: ['GET'], path: '/rest/api/2/serverInfo' }] },
  tokenSettings: { maxLifetimeDays: 90 },
  applications: [
    JIRA,
    { ...JIRA, key: 'wiki', product: 'confluence', directory: { kind: 'application', application: 'jira' } },
  ],
  providers: [KEYCLOAK],
};

let one: WholeApp;

beforeEach(async () => {
  one = await startWholeApp();
});
afterEach(() => one.close());

const put = <T = Plan>(app: WholeApp, document: unknown, query = '', headers = {}) =>
  app.call<T>('PUT', `/configuration${query}`, document, headers);
const get = (app: WholeApp) => app.call<Document>('GET', '/configuration');

it('applies a document, in force when it answers, and says what it changed', async () => {
  const { status, body } = await put(one, WANTED);
  expect([status, body.applied]).toEqual([200, true]);
  const paths = body.changes.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining(['global-settings.adminGroups', 'applications/jira', 'applications/wiki']),
  );
  expect(body.changes.find(({ path }) => path === 'global-settings.adminGroups')).toMatchObject({
    before: [],
    after: ['jira-administrators'],
  });
  const settings = await one.call<{ basicAuthenticationDisabled: boolean }>('GET', '/global-settings');
  expect(settings.body.basicAuthenticationDisabled).toBe(true);
});

it('A-11 round trip: an export holds no secret and gives the same bytes on another installation', async () => {
  await put(one, WANTED);
  const exported = await get(one);
  expect(exported.text).not.toMatch(/very-secret|hush-hush|pass-pass|PRIVATE KEY/);
  const other = await startWholeApp();
  try {
    const document = structuredClone(exported.body) as { applications: (typeof JIRA)[] };
    for (const application of document.applications) {
      application.identity = { ...application.identity, sharedSecret: 'other-secret-here' };
      if (application.key === 'jira')
        application.directory = { ...application.directory, password: 'other-pass' };
    }
    expect((await put<Problem>(other, document)).body).toMatchObject({ applied: true });
    expect((await get(other)).text).toBe(exported.text);
  } finally {
    await other.close();
  }
});

it('changes nothing when the document says what is stored', async () => {
  await put(one, WANTED);
  const { body, headers } = await get(one);
  expect((await put(one, body)).body).toEqual({ applied: true, changes: [] });
  expect((await get(one)).headers['etag']).toBe(headers['etag']);
});

it('saves no new version of settings when the document leaves out what has its default anyway', async () => {
  const partial = { ...WANTED, applications: undefined, providers: undefined };
  await put(one, partial);
  const versions = async () => (await one.call('GET', '/global-settings')).headers['etag'];
  const before = await versions();
  expect((await put(one, partial)).body.changes).toEqual([]);
  expect(await versions()).toBe(before);
  const events = await one.call<{ items: unknown[] }>('GET', '/audit/events?category=admin');
  expect(events.body.items).toHaveLength(4);
});

it('shows with dryRun what would change, and keeps nothing of it', async () => {
  const before = await get(one);
  const { body } = await put(one, WANTED, '?dryRun=true');
  expect(body.applied).toBe(false);
  expect(body.changes.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['applications/jira', 'providers/Keycloak']),
  );
  expect((await get(one)).text).toBe(before.text);
  expect((await one.call<{ items: unknown[] }>('GET', '/applications')).body.items).toEqual([]);
  const events = await one.call<{ items: unknown[] }>('GET', '/audit/events?category=admin');
  expect(events.body.items).toEqual([]);
});

it('keeps nothing when one section is refused, and names the fields from the top of the document', async () => {
  const before = await get(one);
  const broken = { ...WANTED, providers: [{ ...KEYCLOAK, clientId: '' }] };
  const { status, body } = await put<Problem>(one, broken);
  expect([status, body.code]).toEqual([400, 'invalid_request']);
  expect(body.errors?.map(({ field }) => field)).toEqual(['providers.0.clientId']);
  expect((await get(one)).text).toBe(before.text);
  const refused = await put<Problem>(one, { ...WANTED, applications: [{ ...JIRA, baseUrl: 'ftp://x' }] });
  expect(refused.body.errors?.[0]?.field).toBe('applications.jira.baseUrl');
  expect((await get(one)).text).toBe(before.text);
});

it('refuses unknown sections, other formats and things that are no document', async () => {
  expect((await put<Problem>(one, { formatVersion: 1, nonsense: {} })).body.errors?.[0]?.field).toBe(
    'nonsense',
  );
  expect((await put<Problem>(one, { globalSettings: {} })).body.errors?.[0]?.field).toBe('formatVersion');
  expect((await put(one, [1, 2])).status).toBe(400);
});

it('deletes what a list leaves out, keeps secrets that an item leaves out, and leaves absent sections alone', async () => {
  await put(one, WANTED);
  const exported = (await get(one)).body as { applications: object[] };
  const { body } = await put(one, { formatVersion: 1, applications: exported.applications.slice(0, 1) });
  expect(body.changes).toMatchObject([{ path: 'applications/wiki', after: null }]);
  const jira = await one.call<{ directory: object; identity: object }>('GET', '/applications/jira');
  expect(jira.body.directory).toMatchObject({ passwordSet: true });
  expect(jira.body.identity).toMatchObject({ sharedSecretSet: true });
  expect((await one.call<{ items: unknown[] }>('GET', '/providers')).body.items).toHaveLength(1);
});

it('applies items that need each other, whatever their order: an address that moves to another key', async () => {
  await put(one, WANTED);
  const moved = { ...JIRA, key: 'jira-new', pathPrefix: '/jira' };
  const { status, body } = await put<Plan & Problem>(one, { formatVersion: 1, applications: [moved] });
  expect([status, body.errors]).toEqual([200, undefined]);
  expect(((await get(one)).body['applications'] as { key: string }[]).map(({ key }) => key)).toEqual([
    'jira-new',
  ]);
});

it('takes and gives YAML, without anchors', async () => {
  const yaml = { 'content-type': 'application/yaml' };
  const text = 'formatVersion: 1\nglobalSettings:\n  adminGroups: [admins]\n';
  expect((await put(one, text, '', yaml)).status).toBe(200);
  const exported = await one.call('GET', '/configuration?format=yaml');
  expect(exported.headers['content-type']).toMatch('application/yaml');
  expect(exported.text).toContain('adminGroups:\n    - admins');
  expect((await put(one, exported.text, '', yaml)).body.changes).toEqual([]);
  expect((await put(one, 'a: &x [1]\nb: [*x, *x]\n', '', yaml)).status).toBe(400);
});

it('refuses to overwrite a configuration that somebody changed in between', async () => {
  const etag = String((await get(one)).headers['etag']);
  await one.call('PATCH', '/global-settings', { oauthTokensEnabled: false });
  expect((await put(one, WANTED, '', { 'if-match': etag })).status).toBe(412);
});
