import { compileReadWrite } from '../../../src/modules/restrictions/read-write-settings.policy.js';
import { classify } from '../../../src/modules/restrictions/read-write.policy.js';
import type { LfsOperation } from '../../../src/modules/restrictions/read-write.policy.js';
import { applicationOf, headOf } from '../../factories/classified-call.js';
import type { Product } from '../../../src/modules/applications/applications.port.js';

const NOTHING = compileReadWrite({ reads: [], writes: [] });
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
