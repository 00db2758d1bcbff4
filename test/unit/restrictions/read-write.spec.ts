import { compileReadWrite } from '../../../src/modules/restrictions/read-write-settings.policy.js';
import type { ReadWriteSettings } from '../../../src/modules/restrictions/read-write-settings.policy.js';
import { classify } from '../../../src/modules/restrictions/read-write.policy.js';
import type { LfsOperation } from '../../../src/modules/restrictions/read-write.policy.js';
import type { Classified } from '../../../src/modules/restrictions/restrictions.port.js';
import type { Product } from '../../../src/modules/applications/applications.port.js';

const NOTHING = compileReadWrite({ reads: [], writes: [] });
const applicationOf = (
  product: Product,
  openedEndpoints: readonly string[] = [],
): { key: string; product: Product; openedEndpoints: readonly string[] } => ({
  key: product,
  product,
  openedEndpoints,
});

function headOf(method: string, query: string | undefined, change: object): Parameters<typeof classify>[2] {
  return {
    method,
    query: query === undefined ? '' : `?${query}`,
    exactPath: true,
    upgrade: false,
    ...change,
  };
}

function call(product: Product, method: string, target: string, change: object = {}): 'read' | 'write' {
  const [path = '', query] = target.split('?');
  return classify(NOTHING, applicationOf(product), headOf(method, query, change), path).classification;
}

describe('a call', () => {
  it.each(['GET', 'HEAD', 'OPTIONS'])('with %s reads', (method) => {
    expect(call('jira', method, '/rest/api/2/issue/X-1')).toBe('read');
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'get', ''])('with %j writes', (method) => {
    expect(call('jira', method, '/rest/api/2/issue/X-1')).toBe('write');
  });

  it.each<[Product, string]>([
    ['jira', '/rest/api/2/search'],
    ['jira', '/rest/api/latest/search'],
    ['jira', '/rest/api/2.0.alpha1/search'],
    ['jira', '/rest/api/2/worklog/list'],
    ['jira', '/rest/api/2/licenseValidator'],
    ['jira', '/rest/api/2/password/policy/createUser'],
    ['jira', '/rest/api/2/password/policy/updateUser'],
    ['jira', '/rest/pat/latest/tokens/search'],
    ['confluence', '/rest/api/contentbody/convert/view'],
    ['bitbucket', '/rest/build-status/latest/commits/stats'],
    ['bitbucket', '/rest/build-status/1.0/commits/stats'],
    ['bitbucket', '/rest/api/latest/markup/preview'],
    ['bitbucket', '/rest/api/1.0/migration/exports/preview'],
    ['bitbucket', '/rest/api/1.0/migration/mesh/preview'],
    ['bitbucket', '/rest/search/latest/search'],
    ['bitbucket', '/scm/prj/repo.git/git-upload-pack'],
    ['bitbucket', '/scm/~alice/repo.git/git-upload-pack'],
  ])('of %s with POST %s reads', (product, path) => {
    expect(call(product, 'POST', path)).toBe('read');
    expect(call(product, 'PUT', path)).toBe('write');
    expect(call(product, 'DELETE', path)).toBe('write');
  });

  it.each<[Product, string]>([
    ['jira', '/rest/api/2/issue'],
    ['jira', '/rest/api/3/search'],
    ['jira', '/rest/api/2/search/'],
    ['jira', '/rest/api/2/search.json'],
    ['jira', '/rest/api/2/Search'],
    ['jira', '/rest/api/2/searchX'],
    ['jira', '/rest/api/2/worklog/list/x'],
    ['jira', '/rest/api/markup/preview'],
    ['confluence', '/rest/api/2/search'],
    ['confluence', '/rest/api/contentbody/convert/async/view'],
    ['confluence', '/rest/api/contentbody/convert'],
    ['bitbucket', '/rest/api/2/search'],
    ['bitbucket', '/scm/prj/repo.git/git-receive-pack'],
    ['bitbucket', '/scm/prj/repo.git/info/lfs/objects/batch'],
    ['jira', '/scm/prj/repo.git/git-upload-pack'],
    ['jira', '/rest/scriptrunner/latest/custom/read'],
    ['jira', '/'],
  ])('of %s with POST %s writes: unknown is a write', (product, path) => {
    expect(call(product, 'POST', path)).toBe('write');
  });

  it('is not found in the catalogue when its path was not sent in canonical form', () => {
    expect(call('jira', 'POST', '/rest/api/2/search', { exactPath: false })).toBe('write');
    expect(call('jira', 'GET', '/rest/api/2/search', { exactPath: false })).toBe('read');
  });

  it.each([
    ['?service=git-upload-pack', 'read'],
    ['?service=git%2Dupload-pack', 'read'],
    ['?service=git-receive-pack', 'write'],
    ['?service=git%2Dreceive%2Dpack', 'write'],
    ['?%73ervice=git-receive-pack', 'write'],
    ['?service=git-upload-pack&service=git-receive-pack', 'write'],
    ['?service=git-receive-pack&service=git-upload-pack', 'write'],
    ['?service=git-upload-pack%00', 'write'],
    ['?service=GIT-UPLOAD-PACK', 'write'],
    ['?service=', 'write'],
    ['', 'write'],
  ])('M-05 that begins a git exchange with %j: %s', (query, expected) => {
    const target = `/scm/p/r.git/info/refs${query}`;
    expect(call('bitbucket', 'GET', target)).toBe(expected);
    expect(call('bitbucket', 'HEAD', target)).toBe(expected);
  });

  it('M-05 fetches by POST to git-upload-pack as a read', () => {
    expect(call('bitbucket', 'POST', '/scm/p/r.git/git-upload-pack')).toBe('read');
  });

  it.each(['POST', 'GET', 'HEAD'])('M-11 to a remote procedure writes, by %s too', (method) => {
    expect(call('confluence', method, '/rpc/json-rpc/confluenceservice-v2')).toBe('write');
    expect(call('jira', method, '/rpc/soap/jirasoapservice-v2')).toBe('write');
  });

  it.each([
    '/secure/VoteOrWatchIssue.jspa',
    '/secure/DeleteIssue!default.jspa',
    '/pages/doeditpage.action',
    '/pages/doeditpage.action/',
    '/plugins/servlet/gadgets/makeRequest',
    '/secure/Logout',
    '/logout',
    '/rest/scriptrunner/latest/custom/anything',
  ])('with GET %s writes: what it does is unknown', (path) => {
    expect(call('jira', 'GET', path)).toBe('write');
  });

  it.each([
    '/download/attachments/1/a.action.txt',
    '/browse/X-1',
    '/rest/api/2/issue/x.action',
    '/secure/attachment/1/a',
  ])('with GET %s reads', (path) => {
    expect(call('jira', 'GET', path)).toBe('read');
  });

  it('that opens a WebSocket writes', () => {
    expect(call('confluence', 'GET', '/synchrony/v1/bayeux-sync1', { upgrade: true })).toBe('write');
  });

  it('for Git LFS objects reads only when somebody read in its body that it downloads', () => {
    const batch = (product: Product, path: string, operation: LfsOperation, change: object = {}): string =>
      classify(NOTHING, applicationOf(product), headOf('POST', '', change), path, operation).classification;
    const path = '/scm/p/r.git/info/lfs/objects/batch';
    expect(batch('bitbucket', path, 'download')).toBe('read');
    expect(batch('bitbucket', path, 'upload')).toBe('write');
    expect(batch('bitbucket', `${path}/x`, 'download')).toBe('write');
    expect(batch('bitbucket', path, 'download', { exactPath: false })).toBe('write');
    expect(batch('jira', path, 'download')).toBe('write');
  });

  it.each(['/scm/p/r.git/info/refs/', '/scm/p/r.git/INFO/REFS'])(
    'that may begin a push is a write in another spelling too: %s',
    (path) => {
      expect(call('bitbucket', 'GET', `${path}?service=git-receive-pack`)).toBe('write');
    },
  );
});

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
