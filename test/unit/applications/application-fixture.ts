import type { Application } from '../../../src/modules/applications/applications.port.js';

/** An application of a test's own. */
export function anApplication(more: Partial<Application> = {}): Application {
  return {
    id: '019a0000-0000-7000-8000-000000000001',
    key: 'jira',
    name: 'Jira',
    product: 'jira',
    enabled: true,
    baseUrl: 'https://jira.example.com/jira',
    origin: 'https://jira.example.com',
    host: 'jira.example.com',
    contextPath: '/jira',
    pathPrefix: '/jira',
    webTraffic: 'forward',
    sessionCookies: 'forward',
    applicationLinks: 'forward',
    identityCheck: 'strict',
    timeouts: { connectMs: 1, headersMs: 1, idleMs: 1 },
    identity: { mode: 'none' },
    directory: { kind: 'claims' },
    openedEndpoints: [],
    ...more,
  };
}
