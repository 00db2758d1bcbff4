import type { PastedCredential } from '../../../src/modules/decisions/dry-run-request.policy.js';
import type { CredentialKind } from '../../../src/modules/decisions/exchange.port.js';
import { basic } from '../../support/dataplane.js';
import type { Seeded } from '../../support/seeded.js';

/** A credential as explain is told about it, and as the same caller sends it. */
export interface SentCredential {
  readonly name: string;
  readonly credential?: PastedCredential;
  /** For what cannot be pasted. */
  readonly kind?: CredentialKind;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly clientIp: string;
  readonly sent: SentCredential;
  readonly explainFirst: boolean;
}

export const bearer = (name: string, token: string): SentCredential => ({
  name,
  credential: { scheme: 'bearer', token },
  headers: { authorization: `Bearer ${token}` },
});

export const userAndPassword = (name: string, username: string, token: string): SentCredential => ({
  name,
  credential: { scheme: 'basic', username, token },
  headers: { authorization: basic(username, token) },
});

export const CALLERS_WITHOUT_TOKEN: readonly SentCredential[] = [
  { name: 'nobody', headers: {} },
  { name: 'nobody', headers: {} },
  { name: 'a session', kind: 'session', headers: { cookie: 'JSESSIONID=assumed' } },
  { name: 'an application link', kind: 'oauth1', headers: { authorization: 'OAuth oauth_token="assumed"' } },
];

const METHODS = [
  'GET',
  'GET',
  'GET',
  'GET',
  'POST',
  'POST',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'REPORT',
];

const PATHS = [
  '/rest/api/2/myself',
  '/rest/api/2/serverInfo',
  '/rest/api/2/issue/X-1',
  '/rest/api/2/issue',
  '/rest/api/2/search',
  '/rest/api/latest/search',
  '/rest/api/2/search?jql=project%3DX',
  '/rest/api/2/project',
  '/rest/api/2/user?username=bob',
  '/rest/agile/1.0/board',
  '/rest/plugins/1.0/',
  '/rest/pat/latest/tokens',
  '/rest/auth/1/session',
  '/rest/auth/latest/session',
  '/rest/applinks/1.0/applicationlink',
  '/rest/tsv/1.0/authenticate',
  '/rest/oauth2/latest/token',
  '/rest/scriptrunner/latest/custom/x',
  '/rest/usermanagement/1/user',
  '/rest/api/2/user/password',
  '/rest',
  '/REST/api/2/myself',
  '/rpc/soap/jirasoapservice-v2',
  '/rpc/json-rpc/confluenceservice-v2/login',
  '/rpc/xmlrpc',
  '/browse/X-1',
  '/secure/Dashboard.jspa',
  '/plugins/servlet/x',
  '/status',
  '/s/abc/_/rest/api/2/myself',
  '/s/abc/_/images/a.png',
  '/open/to/all',
  '/rest/open/a',
  '/rest/bypassed/a',
  '/rest/bypassed/closed/a',
  '/rest/gadget/1.0/login',
  '/',
  '/rest/api/2/myself?os_username=alice&os_password=alice-password',
  '/rest/api/2/issue/X-1?os_username=rita&os_password=rita-password',
  '/browse/X-1?os%5Fusername=rita&os_password=rita-password',
] as const;

/** What is done to a path in every third request. */
const TWISTS: readonly ((path: string) => string)[] = [
  (path) => path.replace('e', '%65'),
  (path) => path.replace('/', '/%2e/'),
  (path) => path.replace('/rest', '/rest/../rest'),
  (path) => path.replace('/api', '//api'),
  (path) => path.replace('/rest', '/rest;a=b'),
  (path) => path.replace('/a', '/%2Fa'),
  (path) => path.replace(/^[^?]*/, (whole) => `${whole}/`),
  (path) => path.replace(/^[^?]*/, (whole) => `${whole}.json`),
  (path) => path.replace(/^[^?]*/, (whole) => `${whole}%2525`),
  (path) => path.replace(/^[^?]*/, (whole) => `${whole}%20x`),
  (path) => path.replace(/^[^?]*/, (whole) => `${whole}%zz`),
  (path) => path.replace('latest', '2').replace('/2/', '/latest/'),
];

/** Loopback addresses, so that the data plane can really be called from them. */
export const ADDRESSES = ['127.0.0.1', '127.0.0.1', '127.20.0.7', '127.66.6.6'] as const;

export function nextAsk(random: Seeded, callers: readonly SentCredential[]): Ask {
  const plain = random.pick(PATHS);
  return {
    method: random.pick(METHODS),
    path: random.below(3) === 0 ? random.pick(TWISTS)(plain) : plain,
    clientIp: random.pick(ADDRESSES),
    sent: random.pick(callers),
    explainFirst: random.below(2) === 0,
  };
}

export interface Configuration {
  readonly name: string;
  readonly groups?: object;
  readonly ip?: object;
  readonly publicApi?: object;
  readonly readWrite?: object;
  readonly global?: object;
  readonly application?: object;
  /** Requests come through this proxy. */
  readonly proxy?: string;
}

const LISTS = {
  restricted: [{ methods: ['GET'], path: '/rest/bypassed/closed/**' }, { path: '/rest/api/*/serverInfo' }],
  bypass: [{ methods: ['GET', 'POST'], path: '/rest/bypassed/**' }, { path: '/status' }],
  additionalPublic: [{ methods: ['GET'], path: '/rest/open/**' }, { path: '/open/**' }],
};
const READ_WRITE = {
  reads: [
    { methods: ['POST'], path: '/rest/api/2/issue' },
    { methods: ['GET', 'POST'], path: '/rest/bypassed/**' },
    { methods: ['GET'], path: '/plugins/servlet/*' },
    { methods: ['POST'], path: '/rest/pat/**' },
    { methods: ['POST'], path: '/rest/api/2/myself' },
  ],
  writes: [
    { methods: ['GET'], path: '/rest/api/2/user', application: 'jira' },
    { methods: [], path: '/rest/api/2/search' },
    { methods: ['GET'], path: '/rest/api/2/project', application: 'another' },
    { methods: ['GET', 'POST'], path: '/rest/bypassed/closed/**' },
  ],
};
const GROUPS = {
  apiAccess: { enabled: true, groups: ['developers', 'readers'] },
  readOnly: { enabled: true, groups: ['Readers'] },
};
const ALLOWED = { enabled: true, allowed: ['127.0.0.0/12', '::1'] };

export const CONFIGURATIONS: readonly Configuration[] = [
  { name: 'as shipped' },
  { name: 'groups and lists', groups: GROUPS, publicApi: LISTS },
  { name: 'own reads and writes', groups: GROUPS, readWrite: READ_WRITE },
  {
    name: 'groups in report mode',
    readWrite: READ_WRITE,
    groups: { ...GROUPS, mode: 'report' },
    ip: ALLOWED,
  },
  { name: 'addresses', ip: { enabled: true, allowed: ['127.0.0.1', '127.20.0.0/16'] }, publicApi: LISTS },
  {
    name: 'every kind switched off',
    global: {
      basicAuthenticationDisabled: true,
      oauthTokensEnabled: false,
      personalAccessTokensAllowed: false,
      anonymousAccess: 'deny',
    },
    application: { sessionCookies: 'reject', applicationLinks: 'reject', webTraffic: 'block' },
  },
  {
    name: 'the application decides about nobody',
    global: { anonymousAccess: 'application' },
    publicApi: LISTS,
    groups: { readOnly: GROUPS.readOnly },
  },
  {
    name: 'behind a proxy',
    proxy: '127.99.0.1',
    ip: {
      enabled: true,
      allowed: ['127.0.0.1', '127.20.0.7'],
      reverseProxy: { enabled: true, header: 'X-Forwarded-For', trustedProxies: ['127.99.0.1'] },
    },
  },
  { name: 'switched off', global: { restApiAuthenticationEnabled: false }, groups: GROUPS, ip: ALLOWED },
];
