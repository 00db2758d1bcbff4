const REPORTED_ADDRESSES = {
  enabled: true,
  allowed: ['10.0.0.0/8', '2001:db8::/32'],
  reverseProxy: { enabled: true, header: 'X-Forwarded-For', trustedProxies: ['10.0.0.1'] },
  mode: 'report',
};

/**
 * Whole examples, by the name of their schema: bodies of requests as a person would send them first (each of them is
 * accepted), and answers whose fields exclude each other.
 */
export const WHOLE_EXAMPLES: Readonly<Record<string, unknown>> = {
  CheckApplication: { probeUser: 'alice' },
  ClientCredentialsInput: { scope: 'api' },
  ConfigurationDocument: {
    formatVersion: 1,
    globalSettings: { adminGroups: ['jira-administrators'], basicAuthenticationDisabled: true },
    tokenSettings: { maxLifetimeDays: 365 },
    applications: [
      {
        key: 'jira',
        product: 'jira',
        baseUrl: 'https://jira.internal.example/jira',
        identity: { mode: 'oauth1', consumerKey: 'restgate' },
        directory: { kind: 'application', username: 'svc-restgate', password: 'a-long-password' },
      },
    ],
  },
  CreateApplication: {
    key: 'jira',
    product: 'jira',
    baseUrl: 'https://jira.internal.example/jira',
    identity: { mode: 'oauth1', consumerKey: 'restgate' },
    directory: { kind: 'application', username: 'svc-restgate', password: 'a-long-password' },
  },
  CreateOwnToken: { name: 'ci pipeline', scope: 'read', expiresInDays: 30 },
  CreateProvider: {
    preset: 'keycloak',
    name: 'Keycloak',
    parameters: { baseUrl: 'https://keycloak.example.com', realm: 'main' },
    clientId: 'restgate',
    clientSecret: 'the-secret-of-the-client',
    audience: ['restgate'],
    groupsAttribute: 'groups',
  },
  CreateToken: {
    username: 'alice',
    name: 'ci pipeline',
    scope: 'read',
    expiresInDays: 30,
    applications: ['jira'],
    allowedIps: ['10.20.0.0/16'],
  },
  GroupRestrictionsDto: {
    apiAccess: { enabled: true, groups: ['api-users'] },
    readOnly: { enabled: true, groups: ['contractors'] },
    mode: 'report',
  },
  IpRestrictionsDto: REPORTED_ADDRESSES,
  PublicApiDto: {
    restricted: [{ methods: ['GET'], path: '/rest/api/2/dashboard/**' }],
    additionalPublic: [{ application: 'jira', methods: ['GET'], path: '/rest/api/2/serverInfo' }],
  },
  IdentityView: {
    mode: 'oauth1',
    consumerKey: 'restgate',
    publicKey: '-----BEGIN PUBLIC KEY-----\nMIIB...\n-----END PUBLIC KEY-----\n',
    setup: [{ field: 'Consumer key', value: 'restgate' }],
  },
  DirectoryView: { kind: 'application', username: 'svc-restgate', passwordSet: true },
  IpRestrictionsView: REPORTED_ADDRESSES,
  QuestionDto: { application: 'jira', method: 'GET', path: '/rest/api/2/myself', username: 'alice' },
  RateLimitDto: {
    enabled: true,
    requests: 1000,
    window: { value: 1, unit: 'hour' },
    credentials: ['api-token', 'oauth'],
    overrides: [{ group: 'build-servers', requests: 10000, window: { value: 1, unit: 'hour' } }],
    failedAuthentications: { perMinute: 60 },
  },
  RotateToken: { expiresInDays: 90, overlapSeconds: 3600 },
  SaveTokenSettings: {
    maxLifetimeDays: 365,
    defaultLifetimeDays: 90,
    maxTokensPerUser: 20,
    deleteExpiredAfterDays: 30,
  },
  StoreCredential: { personalAccessToken: 'MDExMjIzMzQ0NTU2Njc3ODg5OQ' },
  TokenTestDto: {
    scheme: 'bearer',
    token: 'rgt_4fZkQ0mXv8LrT2yHc6WbN1sJd9PgE5aUi7Ko3Rq0AbCdEf',
    application: 'jira',
  },
  UpdateApplication: { name: 'Jira', webTraffic: 'block', timeouts: { headersMs: 60000 } },
  UpdateAuditSettings: {
    retention: { days: 90, entries: null },
    schedule: '0 * * * *',
    sinks: {
      stdout: true,
      syslog: { host: 'syslog.internal.example', port: 6514, protocol: 'tls', facility: 'local0' },
    },
  },
  UpdateGlobalSettings: { adminGroups: ['jira-administrators'], basicAuthenticationDisabled: true },
  UpdateProvider: {
    name: 'Keycloak',
    usernameAttribute: 'preferred_username',
    usernameTransform: 'lowercase',
  },
  UpdateToken: { name: 'nightly build', allowedIps: ['10.20.30.40'] },
  UserinfoInput: { accessToken: 'eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl' },
};
