import { compileReadWrite } from '../../../src/modules/restrictions/read-write-settings.policy.js';
import type { ReadWriteSettings } from '../../../src/modules/restrictions/read-write-settings.policy.js';
import { classify } from '../../../src/modules/restrictions/read-write.policy.js';
import type { Classified } from '../../../src/modules/restrictions/restrictions.port.js';
import { applicationOf, headOf } from '../../factories/classified-call.js';
import type { Product } from '../../../src/modules/applications/applications.port.js';

const call = (product: Product, method: string, path: string): string =>
  classify(
    compileReadWrite({ reads: [], writes: [] }),
    applicationOf(product),
    headOf(method, undefined),
    path,
  ).classification;

describe('what the admin lists', () => {
  const SETTINGS: ReadWriteSettings = {
    reads: [
      { methods: ['POST'], path: '/rest/reports/1.0/query' },
      { methods: ['POST'], path: '/rest/both/**' },
      { methods: ['GET'], path: '/plugins/servlet/report' },
      { methods: ['POST'], path: '/rest/tempo/*/search', application: 'jira' },
    ],
    writes: [
      { methods: ['GET'], path: '/rest/jobs/1.0/*/start' },
      { methods: [], path: '/rest/both/write' },
      { methods: ['POST'], path: '/rest/api/2/search' },
      { methods: ['GET'], path: '/rest/x/@me', application: 'jira' },
    ],
  };
  const rules = compileReadWrite(SETTINGS);
  const said = (method: string, path: string, change: object = {}, product: Product = 'jira'): Classified =>
    classify(rules, applicationOf(product), headOf(method, undefined, change), path);
  const reading = { classification: 'read', source: 'setting' };
  const writing = { classification: 'write', source: 'setting' };

  it('makes a POST a read, and says which entry did', () => {
    expect(said('POST', '/rest/reports/1.0/query')).toEqual({
      ...reading,
      path: '/rest/reports/1.0/query',
      detail: 'Listed by an admin among the reads: POST /rest/reports/1.0/query.',
    });
    expect(said('PUT', '/rest/reports/1.0/query')).toMatchObject({ classification: 'write', source: 'rule' });
  });

  it('makes a GET a write, and the HEAD that it serves', () => {
    expect(said('GET', '/rest/jobs/1.0/7/start')).toMatchObject({
      ...writing,
      path: '/rest/jobs/1.0/*/start',
    });
    expect(said('HEAD', '/rest/jobs/1.0/7/start')).toMatchObject(writing);
    expect(said('OPTIONS', '/rest/jobs/1.0/7/start')).toMatchObject({
      classification: 'read',
      source: 'rule',
    });
  });

  it('lets writes win over reads, in whatever order they are listed', () => {
    expect(said('POST', '/rest/both/write')).toMatchObject(writing);
    expect(said('POST', '/rest/both/read')).toMatchObject(reading);
  });

  it('goes before the shipped catalogue, both ways', () => {
    expect(call('jira', 'POST', '/rest/api/2/search')).toBe('read');
    expect(said('POST', '/rest/api/2/search')).toMatchObject(writing);
    expect(call('jira', 'GET', '/plugins/servlet/report')).toBe('write');
    expect(said('GET', '/plugins/servlet/report')).toMatchObject(reading);
  });

  it.each([
    '/rest/api/latest/search',
    '/rest/api/2/search/',
    '/rest/api/2/search.json',
    '/rest/api/2.0.alpha1/search',
  ])('makes %s a write in every spelling', (path) => {
    expect(said('POST', path)).toMatchObject(writing);
  });

  it('makes a write of a path with escaped delimiters, and of one that was not sent in canonical form', () => {
    expect(said('GET', '/rest/x/%40me')).toMatchObject(writing);
    expect(said('GET', '/rest/jobs/1.0/7/start', { exactPath: false })).toMatchObject(writing);
  });

  it.each(['/rest/reports/1.0/query/', '/rest/reports/1.0/query.json', '/rest/reports/latest/query'])(
    'takes a read literally: %s is none',
    (path) => {
      expect(said('POST', path).classification).toBe('write');
    },
  );

  it('makes no read of a path that was not sent in canonical form', () => {
    expect(said('POST', '/rest/reports/1.0/query', { exactPath: false }).classification).toBe('write');
  });

  it('holds for the application that it names, and for all when it names none', () => {
    expect(said('POST', '/rest/tempo/1/search')).toMatchObject(reading);
    expect(said('POST', '/rest/tempo/1/search', {}, 'confluence').classification).toBe('write');
    expect(said('GET', '/rest/x/@me', {}, 'confluence').classification).toBe('read');
    expect(said('POST', '/rest/reports/1.0/query', {}, 'confluence')).toMatchObject(reading);
  });

  describe('however wide it is', () => {
    const wide = compileReadWrite({
      reads: [{ methods: ['GET', 'OPTIONS', 'POST'], path: '/**' }],
      writes: [],
    });
    const opened = (
      method: string,
      target: string,
      change: object = {},
      openedEndpoints: readonly string[] = [],
    ): string => {
      const [path = '', query] = target.split('?');
      const application = applicationOf('bitbucket', openedEndpoints);
      return classify(wide, application, headOf(method, query, change), path).classification;
    };

    it('reads what it lists', () => {
      expect(opened('POST', '/rest/api/1.0/projects')).toBe('read');
    });

    it.each([
      ['POST', '/rpc/json-rpc/confluenceservice-v2'],
      ['GET', '/rpc/soap/jirasoapservice-v2'],
      ['POST', '/scm/p/r.git/git-receive-pack'],
      ['POST', '/scm/p/r.git/GIT-RECEIVE-PACK'],
      ['POST', '/scm/p/r.git/git-receive-pack/'],
      ['GET', '/scm/p/r.git/info/refs?service=git-receive-pack'],
      ['GET', '/scm/p/r.git/info/refs'],
      ['POST', '/scm/p/r.git/info/lfs/objects/batch'],
      ['PUT', '/rest/api/1.0/projects/P'],
      ['DELETE', '/rest/api/1.0/projects/P'],
    ])('makes no read of %s %s', (method, target) => {
      expect(opened(method, target)).toBe('write');
    });

    it('makes no read of a WebSocket', () => {
      expect(opened('GET', '/synchrony/v1/x', { upgrade: true })).toBe('write');
    });

    it.each([
      '/rest/pat/latest/tokens',
      '/rest/access-tokens/latest/users/alice',
      '/rest/auth/1/session',
      '/rest/ssh/1.0/keys',
      '/rest/api/1.0/admin/users/credentials',
    ])('makes no read of what makes credentials or sessions, unless that was opened: %s', (path) => {
      expect(opened('POST', path)).toBe('write');
      expect(opened('POST', path, {}, [path])).toBe('read');
    });
  });
});
