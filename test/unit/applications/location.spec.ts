import { rewriteLocation } from '../../../src/modules/applications/location.policy.js';
import { anApplication } from './application-fixture.js';

const GATEWAY = 'https://gw.example.com';
const moved = anApplication({ pathPrefix: '/tracker' });
const atRoot = anApplication({ baseUrl: 'https://jira.example.com', contextPath: '', pathPrefix: '/jira' });
const byHost = anApplication({ pathPrefix: '', hostname: 'gw.example.com' });
const signing = anApplication({
  baseUrl: 'http://10.0.0.1:8080/jira',
  origin: 'http://10.0.0.1:8080',
  pathPrefix: '/tracker',
  identity: {
    mode: 'oauth1',
    consumerKey: 'k',
    signingBaseUrl: 'https://jira.example.com/jira',
    privateKeyPem: '',
    publicKeyPem: '',
  },
});

describe('the Location of an answer', () => {
  it.each([
    [
      'below the application',
      moved,
      'https://jira.example.com/jira/browse/X-1?a=b#c',
      `${GATEWAY}/tracker/browse/X-1?a=b#c`,
    ],
    ['the application itself', moved, 'https://jira.example.com/jira', `${GATEWAY}/tracker`],
    ['a query right after it', moved, 'https://jira.example.com/jira?x', `${GATEWAY}/tracker?x`],
    ['scheme and host in capitals', moved, 'HTTPS://Jira.Example.com/jira/x', `${GATEWAY}/tracker/x`],
    ['the default port', moved, 'https://jira.example.com:443/jira/x', `${GATEWAY}/tracker/x`],
    ['another port', moved, 'https://jira.example.com:8443/jira/x', 'https://jira.example.com:8443/jira/x'],
    ['another scheme', moved, 'http://jira.example.com/jira/x', 'http://jira.example.com/jira/x'],
    ['another host', moved, 'https://evil.example.com/jira/x', 'https://evil.example.com/jira/x'],
    [
      'a host that only begins alike',
      moved,
      'https://jira.example.com.evil.com/jira',
      'https://jira.example.com.evil.com/jira',
    ],
    [
      'a user name that looks like the host',
      moved,
      'https://jira.example.com@evil.com/jira',
      'https://jira.example.com@evil.com/jira',
    ],
    [
      'a path that only begins alike',
      moved,
      'https://jira.example.com/jirax',
      'https://jira.example.com/jirax',
    ],
    ['an absolute path', moved, '/jira/login.jsp?x', '/tracker/login.jsp?x'],
    ['an absolute path outside', moved, '/wiki/x', 'https://jira.example.com/wiki/x'],
    ['no scheme', moved, '//jira.example.com/jira/x', `${GATEWAY}/tracker/x`],
    ['no scheme and another host', moved, '//evil.example.com/jira/x', '//evil.example.com/jira/x'],
    ['a relative path', moved, 'login.jsp', 'login.jsp'],
    ['nothing', moved, '', ''],
    ['no context path', atRoot, 'https://jira.example.com/browse/X-1', `${GATEWAY}/jira/browse/X-1`],
    ['no context path and no path', atRoot, 'https://jira.example.com', `${GATEWAY}/jira`],
    ['no context path, absolute path', atRoot, '/browse', '/jira/browse'],
    ['an application by host name', byHost, 'https://jira.example.com/jira/x', `${GATEWAY}/x`],
    ['an application by host name, its root', byHost, '/jira', '/'],
    [
      'the address that the server has of itself',
      signing,
      'https://jira.example.com/jira/x',
      `${GATEWAY}/tracker/x`,
    ],
    ['the address it is reached at', signing, 'http://10.0.0.1:8080/jira/x', `${GATEWAY}/tracker/x`],
  ])('with %s', (_what, application, value, expected) => {
    expect(rewriteLocation(application, value, GATEWAY)).toBe(expected);
  });
});
