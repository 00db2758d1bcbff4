import type { Application } from '../../src/modules/applications/applications.port.js';
import type { Exchange, Principal, RequestHead } from '../../src/modules/decisions/exchange.port.js';
import type { SnapshotSlot } from '../../src/platform/change-feed/snapshot.js';
import { initialSnapshot } from '../../src/platform/change-feed/snapshot.js';

export const jira: Application = {
  id: '019a0000-0000-7000-8000-000000000001',
  key: 'jira',
  name: 'Jira',
  product: 'jira',
  enabled: true,
  baseUrl: 'http://jira.test/jira',
  origin: 'http://jira.test',
  host: 'jira.test',
  contextPath: '/jira',
  pathPrefix: '/jira',
  webTraffic: 'forward',
  sessionCookies: 'forward',
  applicationLinks: 'forward',
  identityCheck: 'strict',
  timeouts: { connectMs: 5000, headersMs: 60_000, idleMs: 300_000 },
  identity: { mode: 'none' },
  directory: { kind: 'claims' },
  openedEndpoints: [],
};

export const bitbucket: Application = {
  ...jira,
  key: 'bitbucket',
  product: 'bitbucket',
  pathPrefix: '/bitbucket',
};

export function head(change: Partial<RequestHead> = {}): RequestHead {
  return {
    method: 'GET',
    httpVersion: '1.1',
    rawPath: '/jira/rest/api/2/myself',
    path: '/jira/rest/api/2/myself',
    query: '',
    exactPath: true,
    rawHeaders: [],
    host: 'gw.test',
    authorization: undefined,
    apiToken: undefined,
    cookie: undefined,
    contentType: undefined,
    userAgent: undefined,
    requestId: undefined,
    traceparent: undefined,
    tracestate: undefined,
    connection: undefined,
    hasBody: false,
    upgrade: false,
    ...change,
  };
}

export function user(change: Partial<Principal> & { readonly groups?: readonly string[] } = {}): Principal {
  const groups = change.groups ?? [];
  return {
    username: 'alice',
    groupKeys: new Set(groups.map((group) => group.toLowerCase())),
    credential: { kind: 'oauth' },
    verified: true,
    ...change,
    groups,
  };
}

/** An exchange as the steps before leave it, with nothing decided. */
export function exchange(change: Partial<Exchange> = {}): Exchange {
  return {
    id: 'test',
    time: 0,
    head: head(),
    snapshot: initialSnapshot(),
    peerIp: '198.51.100.9',
    dryRun: false,
    readForm: () => Promise.resolve(undefined),
    application: jira,
    policyPath: '/rest/api/2/myself',
    api: true,
    clientIp: change.peerIp ?? '198.51.100.9',
    credential: { kind: 'none', form: 'none', secret: '' },
    principal: undefined,
    classification: undefined,
    decision: undefined,
    wouldDeny: undefined,
    answerHeaders: [],
    ...change,
  };
}

/** A snapshot in which one slot holds a value. */
export function snapshotWith<T>(slot: SnapshotSlot<T>, value: T): Exchange['snapshot'] {
  return slot.replaceIn(initialSnapshot(), value);
}
