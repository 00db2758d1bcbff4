import { forAnyVersion, otherSpellings, withVersionAliases } from '../../../src/lib/rest-version.js';

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
  ])('of a list that forbids are all: %s becomes %s', (pattern, expected) => {
    expect(forAnyVersion(pattern)).toBe(expected);
  });

  it.each([
    ['/rest/api/2/dashboard', []],
    ['/rest/api/2/dashboard/', ['/rest/api/2/dashboard']],
    ['/rest/api/2/dashboard.json', ['/rest/api/2/dashboard']],
    ['/rest/api/2/dashboard.xml/', ['/rest/api/2/dashboard.xml', '/rest/api/2/dashboard']],
    ['/rest/api/2/dashboard/.json', ['/rest/api/2/dashboard']],
    ['/rest/api/2.0', []],
    ['/download/a.json', []],
    ['/', []],
  ])('%s is also served as %j', (path, expected) => {
    expect(otherSpellings(path)).toEqual(expected);
  });
});
