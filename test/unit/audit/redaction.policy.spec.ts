import {
  cleanText,
  isSecretName,
  redactQuery,
  redactShapes,
  redactValue,
} from '../../../src/modules/audit/redaction.policy.js';

const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl';
const RGT = 'rgt_0123456789012345678901234567890123456789abcdef';
const PAT = 'MDEyMzQ1Njc4OTAxOjAxMjM0NTY3ODkwMTIzNDU2Nzg5';

describe('query strings in the audit log', () => {
  it.each([
    ['?os_username=bob&os_password=hunter2', 'os_username=bob&os_password=[redacted]'],
    ['?access_token=abc', 'access_token=[redacted]'],
    ['?ACCESS-TOKEN=abc', 'ACCESS-TOKEN=[redacted]'],
    ['?%61ccess_token=abc', '%61ccess_token=[redacted]'],
    ['?access%255ftoken=abc', 'access%255ftoken=[redacted]'],
    ['?user[password]=abc', 'user[password]=[redacted]'],
    ['?auth.client-secret=abc', 'auth.client-secret=[redacted]'],
    ['?code=abc&state=1', 'code=[redacted]&state=1'],
    ['?oauth_signature=x&oauth_token=y', 'oauth_signature=[redacted]&oauth_token=[redacted]'],
    [`?q=${RGT}`, 'q=[redacted]'],
    [`?q=${JWT}`, 'q=[redacted]'],
    [`?q=${PAT}`, 'q=[redacted]'],
    [`?q=${encodeURIComponent(`Bearer ${RGT}`)}`, 'q=[redacted]'],
    [`?q=%72gt_0123456789`, 'q=[redacted]'],
    [`?${RGT}`, '[redacted]'],
    [`?${RGT}=1`, '[redacted]'],
    ['?gitlab_token=abc&dbPassword=x', 'gitlab_token=[redacted]&dbPassword=[redacted]'],
    ['?X-Auth-Token=abc', 'X-Auth-Token=[redacted]'],
    ['?a=1;password=abc;b=2', 'a=1;password=[redacted];b=2'],
    ['?token=', 'token='],
    ['?jql=project+%3D+ABC&maxResults=50', 'jql=project+%3D+ABC&maxResults=50'],
    ['?fields=summary,status&expand=names', 'fields=summary,status&expand=names'],
    ['?key=ABC&passive=1&tokenless=2&encoded=3', 'key=ABC&passive=1&tokenless=2&encoded=3'],
    ['?', ''],
    ['', ''],
  ])('%s is kept as %s', (query, kept) => {
    expect(redactQuery(query, 4096)).toBe(kept);
  });
});

describe('texts in the audit log', () => {
  it.each([
    ['alice', 'alice'],
    [RGT, '[redacted]'],
    [`/rest/x/${RGT}/y`, '/rest/x/[redacted]/y'],
    [`curl ${JWT}`, 'curl [redacted]'],
    ['BBDC-NDc0MTQ3NjEyMTI0OpQ1', '[redacted]'],
    ['ghp_0123456789abcdefghij', '[redacted]'],
    ['glpat-0123456789abcdefghij', '[redacted]'],
    ['Basic YWxpY2U6c2VjcmV0', '[redacted]'],
    ['-----BEGIN PRIVATE KEY-----\nMIIE', '[redacted]'],
    ['a\r\nSet-Cookie: x', 'a\\u{000d}\\u{000a}Set-Cookie: x'],
    ['\u0000', '\\u{0000}'],
    ['\u202Eevil\u2066', '\\u{202e}evil\\u{2066}'],
    ['\ud800', '\\u{d800}'],
    ['Jürgen 王 😀', 'Jürgen 王 😀'],
    [
      '/rest/api/2/issue/0123456789012345678901234567890123456789',
      '/rest/api/2/issue/0123456789012345678901234567890123456789',
    ],
  ])('%j is kept as %j', (text, kept) => {
    expect(cleanText(text, 500)).toBe(kept);
  });

  it('show invisible characters: fillers, and tags that spell a hidden text', () => {
    expect(cleanText('a\u3164b\u{e0041}c', 500)).toBe('a\\u{3164}b\\u{e0041}c');
  });

  it('are cut to their limit', () => {
    expect(cleanText('x'.repeat(600), 500)).toHaveLength(500);
  });

  it('A-03 keep markup as it came: the viewer shows it as text', () => {
    expect(cleanText('<img src=x onerror=alert(1)>', 500)).toBe('<img src=x onerror=alert(1)>');
  });

  it('lose every secret, not only the first', () => {
    expect(redactShapes(`${RGT} and ${RGT}`)).toBe('[redacted] and [redacted]');
  });
});

describe('names of secrets', () => {
  it.each([
    'password',
    'client_secret',
    'X-Api-Token',
    'apiKey',
    'JSESSIONID',
    'a.b.token',
    'items[0].privateKey',
  ])('%s is one', (name) => {
    expect(isSecretName(name)).toBe(true);
  });
  it.each(['key', 'tokenCreation', 'clientSecretSet', 'username', 'passwordPolicy', 'fields'])(
    '%s is none',
    (name) => {
      expect(isSecretName(name)).toBe(false);
    },
  );
});

describe('values before and after a change', () => {
  it('keep everything but secrets', () => {
    const value = {
      clientId: 'gateway',
      clientSecret: 'hunter2',
      clientSecretSet: true,
      tokenCreation: { enabled: true, groups: ['a'] },
      nested: [{ password: 'x', note: RGT }],
      webhookSecret: 'changed',
      credentials: ['api-token', 'none'],
      headers: { authorization: ['opaque'], accept: ['a', 'b'] },
    };
    expect(redactValue(value)).toEqual({
      clientId: 'gateway',
      clientSecret: '[redacted]',
      clientSecretSet: true,
      tokenCreation: { enabled: true, groups: ['a'] },
      nested: [{ password: '[redacted]', note: '[redacted]' }],
      webhookSecret: 'changed',
      credentials: ['api-token', 'none'],
      headers: { authorization: '[redacted]', accept: ['a', 'b'] },
    });
  });

  it('show where the endpoints of a provider are: one that was moved must not go unseen', () => {
    const endpoints = {
      authorization: 'https://idp.example/authorize',
      token: 'https://idp.example:8443/token',
    };
    expect(redactValue({ endpoints })).toEqual({ endpoints });
    expect(redactValue({ token: 'https://bob:hunter2@idp.example/' })).toEqual({ token: '[redacted]' });
    expect(redactValue({ token: 'https://idp.example/?key=opaque' })).toEqual({ token: '[redacted]' });
  });

  it('end where they are nested too deeply', () => {
    let value: unknown = 'x';
    for (let depth = 0; depth < 50; depth++) value = { value };
    expect(JSON.stringify(redactValue(value)).length).toBeLessThan(300);
  });
});
