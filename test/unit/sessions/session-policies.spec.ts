import { csrfTokenOf, isProtected } from '../../../src/modules/sessions/csrf.policy.js';
import { returnPath } from '../../../src/modules/sessions/return-to.policy.js';
import {
  cookieNames,
  cookieValue,
  expiredCookie,
  sessionCookie,
} from '../../../src/modules/sessions/session-cookies.policy.js';

describe('where a sign-in leads to', () => {
  it.each(['/restgate', '/restgate/', '/restgate/docs', '/restgate/applications/jira?tab=identity&x=1'])(
    'is %s when asked for',
    (path) => {
      expect(returnPath(path)).toBe(path);
    },
  );

  it.each([
    '//evil',
    '/\\evil',
    'https:evil',
    '/%09/evil',
    '/\t/evil',
    'https://gw.test@evil',
    'https://gw.test.evil',
    'javascript:alert(1)',
    'https://gw.test/restgate/',
    '/restgate//evil',
    '/restgate/../evil',
    '/restgate/./docs',
    '/restgate/%2e%2e/evil',
    '/restgateevil',
    '/restgate@evil',
    '/jira/secure',
    '/restgate/session/sign-in',
    '/restgate/oauth/callback?code=x',
    '/restgate/docs#//evil',
    '/restgate/docs\r\nset-cookie: a=b',
    `/restgate/${'a'.repeat(600)}`,
    '',
    undefined,
    ['/restgate/docs', '//evil'],
  ])('O-17 is the start page instead of %j', (wanted) => {
    expect(returnPath(wanted)).toBe('/restgate/');
  });
});

describe('cookies', () => {
  it('are secure and named so over https, and stay below /restgate', () => {
    const names = cookieNames('https://gw.example/base');
    expect(sessionCookie(names, 'token')).toBe(
      '__Secure-restgate-session=token; Path=/base/restgate; HttpOnly; SameSite=Lax; Max-Age=43200; Secure',
    );
    expect(sessionCookie(cookieNames('http://localhost:8080'), 'token')).toBe(
      'restgate-session=token; Path=/restgate; HttpOnly; SameSite=Lax; Max-Age=43200',
    );
    expect(expiredCookie(names, names.session)).toContain('Max-Age=0');
  });

  it.each([
    [undefined, undefined],
    ['', undefined],
    ['a=1', undefined],
    ['s=1', '1'],
    ['a=2; s=1; b=3', '1'],
    ['xs=1', undefined],
    ['s=1; s=2', undefined],
  ])('of the field %j are read as %j', (field, expected) => {
    expect(cookieValue(field, 's')).toBe(expected);
  });
});

describe('CSRF', () => {
  it('tokens belong to one session and do not show its token', () => {
    expect(csrfTokenOf('a')).not.toBe(csrfTokenOf('b'));
    expect(csrfTokenOf('secret-token')).not.toContain('secret-token');
  });

  it.each([
    ['GET', undefined, true],
    ['HEAD', undefined, true],
    ['POST', undefined, false],
    ['DELETE', '', false],
    ['POST', csrfTokenOf('b'), false],
    ['POST', csrfTokenOf('a'), true],
    ['TRACE', undefined, false],
  ])('A-09 %s with %j is %s', (method, given, expected) => {
    expect(isProtected(method, 'a', given)).toBe(expected);
  });
});
