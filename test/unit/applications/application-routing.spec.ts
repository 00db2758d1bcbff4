import {
  hasLoginParameters,
  hostnameOf,
  isApiTraffic,
  routeApplication,
} from '../../../src/modules/applications/application-routing.policy.js';
import { settingsFrom } from '../../../src/modules/applications/application-input.policy.js';
import { snapshotOf } from '../../../src/modules/applications/applications-snapshot.policy.js';

function stored(key: string, more: object): { id: string; settings: ReturnType<typeof settingsFrom> } {
  return {
    id: key,
    settings: settingsFrom(key, { product: 'jira', baseUrl: 'http://127.0.0.1:1', ...more }),
  };
}

const snapshot = snapshotOf([
  stored('jira', {}),
  stored('jira-test', { pathPrefix: '/jira/test' }),
  stored('wiki', { hostname: 'wiki.example.com' }),
  stored('wiki-test', { hostname: 'wiki.example.com', pathPrefix: '/test' }),
  stored('git', { hostname: 'git.example.com', pathPrefix: '/git' }),
  stored('off', { enabled: false }),
]);

describe('the application of a request', () => {
  it.each([
    ['any.example.com', '/jira/rest/api/2/myself', 'jira', '/rest/api/2/myself'],
    ['any.example.com', '/jira', 'jira', '/'],
    ['any.example.com', '/jira/', 'jira', '/'],
    ['any.example.com', '/jira/test/rest', 'jira-test', '/rest'],
    ['any.example.com', '/jira/tests', 'jira', '/tests'],
    ['any.example.com', '/jirax/rest', undefined, undefined],
    ['any.example.com', '/JIRA/rest', undefined, undefined],
    ['any.example.com', '/rest/api/2/myself', undefined, undefined],
    ['any.example.com', '/off/rest', undefined, undefined],
    ['wiki.example.com', '/rest/api/content', 'wiki', '/rest/api/content'],
    ['wiki.example.com', '/jira/rest', 'wiki', '/jira/rest'],
    ['wiki.example.com', '/test/rest', 'wiki-test', '/rest'],
    ['git.example.com', '/git/rest', 'git', '/rest'],
    ['git.example.com', '/jira/rest', 'jira', '/rest'],
    ['git.example.com', '/rest', undefined, undefined],
    ['any.example.com', '/git/rest', undefined, undefined],
  ])('%s %s is %s %s', (host, path, key, policyPath) => {
    const route = routeApplication(snapshot, host, path);
    expect([route?.application.key, route?.policyPath]).toEqual([key, policyPath]);
  });
});

describe('the host name of a request', () => {
  it.each([
    ['GW.Test', 'gw.test'],
    ['gw.test:8080', 'gw.test'],
    ['gw.test.', 'gw.test'],
    ['gw.test.:80', 'gw.test'],
    ['[::1]:8080', '[::1]'],
    ['[::1]', '[::1]'],
    ['', ''],
  ])('H-11 %s is %s', (host, expected) => {
    expect(hostnameOf(host)).toBe(expected);
  });
});

describe('API traffic', () => {
  const head = { authorization: undefined, apiToken: undefined, query: '' };

  it.each(['/rest/api/2/myself', '/rest', '/rest/', '/rpc/soap/x', '/REST/api', '/Rpc'])('is %s', (path) => {
    expect(isApiTraffic(head, path)).toBe(true);
  });

  it.each(['/', '/browse/X-1', '/restful', '/restx/api', '/secure/rest/api', '/s/rest'])(
    'is not %s',
    (path) => {
      expect(isApiTraffic(head, path)).toBe(false);
    },
  );

  it.each([
    ['an Authorization field', { authorization: 'x' }],
    ['an empty Authorization field', { authorization: '' }],
    ['an API token field', { apiToken: 'rgt_x' }],
    ['a user name in the query', { query: '?os_username=a' }],
    ['an escaped password in the query', { query: '?a=b&os%5Fpassword=a' }],
    ['a fully escaped name', { query: '?%6f%73%5f%75%73%65%72%6e%61%6d%65' }],
  ])('is any path with %s', (_what, more) => {
    expect(isApiTraffic({ ...head, ...more }, '/browse/X-1')).toBe(true);
  });

  it.each(['', '?', '?os_destination=%2F', '?q=os_username', '?xos_username=1', '?a=%', '?OS_USERNAME=a'])(
    'has no login in the query %j',
    (query) => {
      expect(hasLoginParameters(query)).toBe(false);
    },
  );
});
