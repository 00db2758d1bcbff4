import { forbiddingPattern, otherSpellings, withVersionAliases } from '../../../src/lib/rest-version.js';

describe('REST versions', () => {
  it('of a list that lets through are known spellings only', () => {
    expect(withVersionAliases('/rest/api/2/search')).toEqual([
      '/rest/api/2/search',
      '/rest/api/latest/search',
      '/rest/api/2.0.alpha1/search',
    ]);
    expect(withVersionAliases('/rest/build-status/1.0/commits/stats')).toEqual([
      '/rest/build-status/1.0/commits/stats',
      '/rest/build-status/latest/commits/stats',
    ]);
  });

  it.each(['/rest/api/3/search', '/rest/api/content/search', '/scm/**/git-upload-pack', '/rest/**'])(
    'of %s has no other spelling',
    (pattern) => {
      expect(withVersionAliases(pattern)).toEqual([pattern]);
    },
  );

  it.each([
    ['/rest/api/2/dashboard', '/rest/api/*/dashboard'],
    ['/rest/api/latest/dashboard', '/rest/api/*/dashboard'],
    ['/rest/api/2.0.alpha1/dashboard', '/rest/api/*/dashboard'],
    ['/rest/api/2', '/rest/api/*'],
    ['/rest/api/content', '/rest/api/content'],
    ['/rest/**', '/rest/**'],
    ['/plugins/2/x', '/plugins/2/x'],
    ['/rest/x/%40me', '/rest/x/@me'],
    ['/rest/x/%2A', '/rest/x/?'],
    ['/rest/x/a%20b%25', '/rest/x/a%20b%25'],
  ])('of a list that forbids are all: %s becomes %s', (pattern, expected) => {
    expect(forbiddingPattern(pattern)).toBe(expected);
  });

  it.each([
    ['/rest/api/2/dashboard', []],
    ['/rest/api/2/dashboard/', ['/rest/api/2/dashboard']],
    ['/rest/api/2/dashboard.json', ['/rest/api/2/dashboard']],
    ['/rest/api/2/dashboard.xml/', ['/rest/api/2/dashboard.xml', '/rest/api/2/dashboard']],
    ['/rest/api/2/dashboard/.json', ['/rest/api/2/dashboard']],
    ['/rest/api/2.0', []],
    ['/rest/x/%40me', ['/rest/x/@me']],
    ['/rest/x/%21%24%26%27%28%29%2A%2B%2C%3A%3D', ["/rest/x/!$&'()*+,:="]],
    ['/rest/x/a|[b]', ['/rest/x/a%7C%5Bb%5D']],
    ['/rest/x/a%20b%2540%C3%A4', []],
    ['/rest/x/%40me.json/', ['/rest/x/@me.json/', '/rest/x/@me.json', '/rest/x/@me']],
    ['/download/a.json', []],
    ['/', []],
  ])('%s is also served as %j', (path, expected) => {
    expect(otherSpellings(path)).toEqual(expected);
  });
});
