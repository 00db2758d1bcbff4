import {
  assumedHeaders,
  dryRunRequest,
  headersOf,
} from '../../../src/modules/decisions/dry-run-request.policy.js';
import { jira } from '../../factories/exchange.js';

const asked = { application: jira, method: 'GET', path: '/rest/api/2/myself', clientIp: '203.0.113.7' };

describe('a request for a dry run', () => {
  it('goes to the prefix of its application, at the public host', () => {
    expect(dryRunRequest(asked, 'gw.test', [])).toEqual({
      method: 'GET',
      target: '/jira/rest/api/2/myself',
      host: 'gw.test',
      rawHeaders: [],
      clientIp: '203.0.113.7',
    });
  });

  it('may be written with the prefix already', () => {
    const path = '/jira/rest/api/2/myself?expand=groups';
    expect(dryRunRequest({ ...asked, path }, 'gw.test', []).target).toBe(path);
    expect(dryRunRequest({ ...asked, path: '/jirax' }, 'gw.test', []).target).toBe('/jira/jirax');
  });

  it('goes to the host name of an application that has one', () => {
    const application = { ...jira, pathPrefix: '', hostname: 'jira.gw.test' };
    expect(dryRunRequest({ ...asked, application }, 'gw.test', [])).toMatchObject({
      target: '/rest/api/2/myself',
      host: 'jira.gw.test',
    });
  });
});

describe('a pasted credential', () => {
  it.each(['abc.def', ' abc.def\n', 'Bearer abc.def', 'Authorization: Bearer abc.def', 'bearer  abc.def'])(
    'is sent as a client would: %j',
    (token) => {
      expect(headersOf({ scheme: 'bearer', token })).toEqual(['Authorization', 'Bearer abc.def']);
    },
  );

  it('is sent as Basic with its user name', () => {
    const [, value = ''] = headersOf({ scheme: 'basic', token: 'pässword', username: 'alice' });
    expect(Buffer.from(value.slice('Basic '.length), 'base64').toString('utf8')).toBe('alice:pässword');
  });
});

describe('an assumed credential', () => {
  it('stands for kinds that are told by a field, and for nothing where there was none', () => {
    expect(assumedHeaders('oauth')[0]).toBe('Authorization');
    expect(assumedHeaders('session')[0]).toBe('Cookie');
    expect(assumedHeaders('none')).toEqual([]);
  });
});
