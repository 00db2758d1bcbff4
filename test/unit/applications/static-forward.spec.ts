import { leadsBehindStaticForward } from '../../../src/modules/applications/static-forward.policy.js';

describe('paths of the form /s/{anything}/_/{path}', () => {
  it.each([
    ['a REST resource behind it', '/s/x/_/rest/api/2/user'],
    ['anything in several segments', '/s/en_US/a/b/c/_/rest/api/2/user'],
    ['a file of the web application (CVE-2021-26085, CVE-2021-26086)', '/s/x/_/WEB-INF/web.xml'],
    ['an escaped slash of an escaped escape', '/s/x/_/%2572est/api'],
    ['a first segment that is escaped twice', '/%2573/x/_/rest/api/content'],
    ['a first segment that is escaped three times', '/%252573/x/_/rest/api/content'],
    ['a separator that is escaped twice', '/s/x/%255F/rest/api'],
    ['a static folder, then the way up, escaped twice', '/s/x/_/download/%252e%252e/rest/api'],
    ['a static folder, then a parameter, escaped twice', '/s/x/_/download/..%253b/rest/api'],
    ['an empty segment, escaped twice', '/s/x/_/download/%252frest'],
    ['a second separator', '/s/x/_/download/y/_/rest/api/2/user'],
    ['a static folder that is only the begin of a name', '/s/x/_/downloads/x'],
    ['a static folder alone', '/s/x/_/download'],
    ['the NOCACHE form', '/s/1/NOCACHE2/_/rest/api'],
    ['an upper-case S', '/S/x/_/rest/api'],
    ['nothing behind it', '/s/x/_/'],
    ['no UTF-8 once it is decoded twice', '/s/x/_/download/%25ff'],
    ['more escapes than anybody decodes', `/${'%25'.repeat(1)}${'25'.repeat(30)}73/x/_/rest`],
  ])('are refused with %s', (_what, path) => {
    expect(leadsBehindStaticForward(path)).toBe(true);
  });

  it.each([
    '/s/d41d8cd98f00b204e9800998ecf8427e-CDN/1/10.3.0/_/download/contextbatch/js/_super/batch.js',
    '/s/x/_/images/icons/a.png',
    '/s/x/_/styles/a.css',
    '/s/x/_/includes/a.js',
    '/s/x/y',
    '/rest/api/2/issue/100%25',
    '/rest/api/2/user/a_/_/b',
    '/spaces/_/rest',
    '/',
  ])('are served: %s', (path) => {
    expect(leadsBehindStaticForward(path)).toBe(false);
  });
});
