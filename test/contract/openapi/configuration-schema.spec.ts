import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { startWholeApp } from '../../support/control-plane/whole-app.js';
import type { WholeApp } from '../../support/control-plane/whole-app.js';

type Tree = Record<string, unknown>;
const SCHEMA = JSON.parse(
  readFileSync(join(__dirname, '../../../docs/configuration.schema.json'), 'utf8'),
) as Tree;
const valid = formats.default(new Ajv2020({ allErrors: true, allowUnionTypes: true })).compile(SCHEMA);

const ACCOUNT = { kind: 'application', username: 'svc', password: 'pass-pass-pass' };
const application = (key: string, more: object): object => ({
  key,
  product: 'jira',
  baseUrl: `http://127.0.0.1:1/${key}`,
  directory: ACCOUNT,
  ...more,
});

/** Everything that can be configured, with every form of identity and directory. */
const FULL = {
  formatVersion: 1,
  globalSettings: {
    restApiAuthenticationEnabled: true,
    basicAuthenticationDisabled: true,
    oauthTokensEnabled: true,
    personalAccessTokensAllowed: false,
    userTokenCreationAllowed: true,
    anonymousAccess: 'deny',
    adminGroups: ['jira-administrators'],
    auditorGroups: ['auditors'],
  },
  tokenSettings: {
    maxLifetimeDays: 90,
    defaultLifetimeDays: 30,
    maxTokensPerUser: 5,
    deleteExpiredAfterDays: null,
  },
  groupRestrictions: {
    apiAccess: { enabled: true, groups: ['api-users'] },
    readOnly: { enabled: false, groups: ['contractors'] },
    mode: 'report',
  },
  ipRestrictions: {
    enabled: true,
    allowed: ['127.0.0.1', '10.0.0.0/8', '::1'],
    reverseProxy: { enabled: true, header: 'X-Forwarded-For', trustedProxies: ['10.0.0.1'] },
    mode: 'report',
  },
  publicApi: {
    restricted: [{ methods: [], path: '/rest/api/2/dashboard/**' }],
    bypass: [{ application: 'jira', methods: ['GET'], path: '/rest/hooks/*' }],
    additionalPublic: [{ methods: ['GET'], path: '/rest/api/2/serverInfo' }],
  },
  rateLimit: {
    enabled: true,
    requests: 100,
    window: { value: 1, unit: 'minute' },
    credentials: ['api-token', 'oauth'],
    overrides: [{ group: 'robots', requests: 1000, window: { value: 1, unit: 'minute' } }],
    failedAuthentications: { perMinute: 30 },
  },
  auditSettings: {
    enabled: true,
    retention: { days: 30, entries: 1000000 },
    schedule: '17 3 * * *',
    sinks: {
      stdout: false,
      webhook: { url: 'https://siem.example/in', secret: 'hush-hush-hush' },
      syslog: { host: 'Syslog.example', port: 514, protocol: 'udp', facility: 4 },
    },
    spill: { maxMegabytes: 64, whenFull: 'refuse' },
  },
  applications: [
    application('jira', { identity: { mode: 'oauth1', signingBaseUrl: 'https://jira.example/jira' } }),
    application('wiki', {
      product: 'confluence',
      identity: {
        mode: 'header',
        header: 'X-User',
        sharedSecretHeader: 'X-Secret',
        sharedSecret: 'hush-hush',
      },
      directory: { kind: 'application', application: 'jira' },
      hostname: 'wiki.example',
      timeouts: { connectMs: 500, headersMs: 1000, idleMs: 1000 },
      openedEndpoints: ['/rest/api/user/password'],
    }),
    application('code', {
      product: 'bitbucket',
      identity: { mode: 'pat' },
      directory: {
        kind: 'crowd',
        baseUrl: 'https://crowd.example/crowd',
        username: 'app',
        password: 'pass-pass',
      },
      anonymousAccess: 'application',
    }),
    application('old', { identity: { mode: 'none' }, directory: { kind: 'claims' }, enabled: false }),
  ],
  providers: [
    {
      name: 'Keycloak',
      preset: 'custom-oauth2',
      clientId: 'gateway',
      clientSecret: 'very-secret-value',
      endpoints: { token: 'https://idp.example/token', userinfo: 'https://idp.example/userinfo' },
      validation: 'userinfo',
      audienceCheck: 'accept-any-client',
      usernameAttribute: 'preferred_username',
      serviceAccounts: [{ clientId: 'robot', username: 'svc-robot' }],
    },
  ],
};

function problems(document: unknown): string[] {
  valid(document);
  return (valid.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

describe('the JSON Schema of the configuration', () => {
  let app: WholeApp;

  beforeAll(async () => {
    app = await startWholeApp();
  });
  afterAll(() => app.close());

  it('is served to everybody', async () => {
    const answer = await app.restgate.app.inject('/restgate/docs/configuration.schema.json');
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([
      200,
      'application/schema+json; charset=utf-8',
    ]);
    expect(answer.json<Tree>()['$id']).toBe(SCHEMA['$id']);
  });

  it('accepts the export of an empty installation', async () => {
    const { body } = await app.call('GET', '/configuration');
    expect(problems(body)).toEqual([]);
  });

  it('accepts a document with everything, which Restgate takes too, and its export', async () => {
    expect(problems(FULL)).toEqual([]);
    const { status, text } = await app.call('PUT', '/configuration?confirm=true', FULL);
    expect([status, text]).toEqual([200, expect.any(String)]);
    const { body } = await app.call<Tree>('GET', '/configuration');
    expect(problems(body)).toEqual([]);
    expect(Object.keys(body).sort()).toEqual(Object.keys(SCHEMA['properties'] as Tree).sort());
  });

  it.each<[string, object]>([
    ['no version', { globalSettings: {} }],
    ['a version of the future', { formatVersion: 2 }],
    ['an unknown section', { formatVersion: 1, settings: {} }],
    ['an unknown field', { formatVersion: 1, globalSettings: { admins: [] } }],
    ['an unknown field below', { formatVersion: 1, ipRestrictions: { reverseProxy: { proxies: [] } } }],
    ['a value that is none', { formatVersion: 1, globalSettings: { anonymousAccess: 'sometimes' } }],
    ['a number out of range', { formatVersion: 1, tokenSettings: { maxTokensPerUser: 0 } }],
    ['half a day', { formatVersion: 1, tokenSettings: { maxLifetimeDays: 1.5 } }],
    [
      'an application without address',
      { formatVersion: 1, applications: [{ key: 'jira', product: 'jira' }] },
    ],
    ['a key that is no slug', { formatVersion: 1, applications: [application('Jira', {})] }],
    [
      'an unknown identity',
      { formatVersion: 1, applications: [application('jira', { identity: { mode: 'magic' } })] },
    ],
    [
      'a field of another identity',
      {
        formatVersion: 1,
        applications: [application('jira', { identity: { mode: 'pat', header: 'X-User' } })],
      },
    ],
    [
      'a directory without kind',
      { formatVersion: 1, applications: [application('jira', { directory: {} })] },
    ],
    ['an object for a list', { formatVersion: 1, providers: {} }],
  ])('refuses %s, and so does Restgate', async (_what, document) => {
    expect(problems(document)).not.toEqual([]);
    expect((await app.call('PUT', '/configuration?dryRun=true', document)).status).toBe(400);
  });
});
