import {
  claimsOf,
  flattened,
  suggestedAttribute,
  textAt,
  textsAt,
} from '../../../src/modules/providers/claims.policy.js';
import { metadataOf, metadataUrlsOf } from '../../../src/modules/providers/discovery.policy.js';
import { formOf } from '../../../src/modules/providers/jwt-token.policy.js';
import { parametersOf } from '../../../src/modules/providers/preset-template.policy.js';
import { presetOf } from '../../../src/modules/providers/presets/presets.policy.js';
import { faultOfUrl, isPublicAddress } from '../../../src/modules/providers/provider-address.policy.js';
import { basicOf } from '../../../src/modules/providers/provider-client.service.js';
import { keyFor, signingKeysOf } from '../../../src/modules/providers/signing-key.policy.js';
import { curlOf, scopeOfClient, tokenOf } from '../../../src/modules/providers/token-endpoint.policy.js';
import { escaped } from '../../../src/modules/providers/authorization-page.policy.js';
import { mostTelling, refuse } from '../../../src/modules/providers/token-refusal.policy.js';

describe('addresses of providers', () => {
  it.each([
    '10.1.2.3',
    '127.0.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '192.168.1.1',
    '172.16.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '::1',
    '::',
    'fe80::1',
    'fc00::1',
    '::ffff:10.0.0.1',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    'not an address',
  ])('%s is not public', (address) => expect(isPublicAddress(address)).toBe(false));

  it.each(['8.8.8.8', '2606:4700::1111'])('%s is public', (address) =>
    expect(isPublicAddress(address)).toBe(true),
  );

  it.each<[string, boolean]>([
    ['https://idp.example.com/token', true],
    ['https://idp.example.com:9031/token?x=1', true],
    ['http://localhost:8080/token', true],
    ['http://127.0.0.1:8080/token', true],
    ['http://[::1]:8080/token', true],
    ['http://idp.corp.test/token', true],
    ['https://10.9.9.9/token', true],
    ['http://idp.example.com/token', false],
    ['http://localhost.evil.test/', false],
    ['http://127.0.0.2/', false],
    ['https://192.168.0.1/', false],
    ['https://0xa.1/', false],
    ['https://167772161/', false],
    ['https://[fe80::1]/', false],
    ['https://user@idp.example.com/', false],
    ['https://idp.example.com/#x', false],
    ['ftp://idp.example.com/', false],
    ['//idp.example.com/', false],
    ['https://', false],
  ])('%s may be called: %s', (url, allowed) => {
    expect(faultOfUrl(url, ['idp.corp.test', '10.9.9.9']) === undefined).toBe(allowed);
  });
});

describe('claims', () => {
  const claims =
    claimsOf({ 'a.b': 'literal', a: { b: 'nested' }, list: ['x', { y: 2 }], n: 7, f: 1.5, o: {}, t: true }) ??
    {};

  it.each<[string, string | undefined]>([
    ['a.b', 'literal'],
    ['list.0', 'x'],
    ['list.1.y', '2'],
    ['n', '7'],
    ['f', undefined],
    ['o', undefined],
    ['list', undefined],
    ['t', undefined],
    ['list.length', undefined],
    ['a.constructor.name', undefined],
    ['missing.deep', undefined],
  ])('%s is the text %s', (path, text) => expect(textAt(claims, path)).toBe(text));

  it('are lists of texts only when everything in them is text', () => {
    expect(textsAt(claims, 'a.b')).toEqual(['literal']);
    expect(textsAt(claims, 'list')).toBeUndefined();
  });

  it('are shown with paths that find them again, and never without end', () => {
    const answer = claimsOf({ 'cognito:name': 'c', a: { b: ['x', { y: 2 }] }, n: 7 }) ?? {};
    const shown = flattened(answer);
    expect(shown.map(({ path }) => path)).toEqual(['cognito:name', 'a.b.0', 'a.b.1.y', 'n']);
    expect(shown.map(({ path }) => textAt(answer, path))).toEqual(shown.map(({ value }) => value));
    expect(flattened(claimsOf({ many: Array.from({ length: 2000 }, (_, i) => i) }) ?? {})).toHaveLength(500);
    expect(
      suggestedAttribute([
        { path: 'sub', value: '1' },
        { path: 'login', value: 'alice' },
      ]),
    ).toBe('login');
  });
});

describe('forms of tokens', () => {
  const b64 = (text: string): string => Buffer.from(text).toString('base64url');

  it.each<[string, string]>([
    ['opaque-token', 'opaque'],
    ['a.b.c', 'opaque'],
    [`${b64('{"alg":"RS256"}')}.${b64('{}')}.AAAA`, 'jwt'],
    [`${b64('{"alg":"RS256"}')}.${b64('{}')}.`, 'malformed'],
    [`${b64('{"alg":"RS256"}')}.${b64('[]')}.AAAA`, 'malformed'],
    [`${b64('{"alg":"dir","enc":"A128GCM"}')}..AAAA.AAAA.AAAA`, 'jwe'],
    ['', 'malformed'],
    ['to ken', 'malformed'],
    ['tök', 'malformed'],
    ['x'.repeat(16 * 1024 + 1), 'malformed'],
  ])('%.40s is %s', (token, form) => expect(formOf(token).form).toBe(form));
});

describe('key sets', () => {
  const rsa = { kty: 'RSA', n: 'AQAB', e: 'AQAB', kid: '1' };

  it('hold only public signing keys', () => {
    const keys = [
      rsa,
      { ...rsa, use: 'enc' },
      { ...rsa, d: 'x' },
      { kty: 'oct', k: 'AAAA', alg: 'HS256' },
      { ...rsa, alg: 'HS256' },
      { ...rsa, alg: 'RSA-OAEP' },
      { ...rsa, key_ops: ['sign'] },
      { kty: 'EC', crv: 'secp256k1' },
      'text',
      null,
    ];
    expect(signingKeysOf({ keys })).toHaveLength(1);
    expect(signingKeysOf({ keys: {} })).toBeUndefined();
    expect(signingKeysOf('<html>')).toBeUndefined();
  });

  it('are pinned to their algorithm', () => {
    const keys = signingKeysOf({ keys: [rsa, { ...rsa, kid: '2', alg: 'PS256' }] }) ?? [];
    expect(keyFor(keys, { kid: '1', alg: 'RS256' })).toBe(keys[0]);
    expect(keyFor(keys, { kid: '1', alg: 'PS256' })).toBe('ambiguous');
    expect(keyFor(keys, { kid: '2', alg: 'PS256' })).toBe(keys[1]);
    expect(keyFor(keys, { kid: '3', alg: 'RS256' })).toBe('none');
    expect(keyFor(keys, { alg: 'RS256' })).toBe(keys[0]);
  });
});

describe('metadata', () => {
  it('is looked for in both places', () => {
    expect(metadataUrlsOf('https://idp.test/a/b/')).toEqual([
      'https://idp.test/a/b/.well-known/openid-configuration',
      'https://idp.test/.well-known/oauth-authorization-server/a/b',
    ]);
  });

  it.each(['https://idp.test/', 'https://IDP.test', 'https://idp.test.evil', undefined, 7])(
    'D-09 is refused when it names %p',
    (issuer) => {
      expect(metadataOf({ issuer }, 'https://idp.test')).toHaveProperty('fault');
    },
  );

  it('never tells which algorithms are accepted', () => {
    const metadata = metadataOf(
      { issuer: 'https://idp.test', id_token_signing_alg_values_supported: ['none'] },
      'https://idp.test',
    );
    expect(JSON.stringify(metadata)).not.toContain('none');
  });
});

describe('small rules', () => {
  it('put parameters into hosts only when they are host names', () => {
    for (const domain of ['evil.test/x', 'a@b', 'x y', 'https://a', '-a', 'a#', '']) {
      expect(parametersOf(presetOf('okta'), { domain }).faults).not.toEqual([]);
    }
    expect(parametersOf(presetOf('okta'), { domain: 'corp.okta.com' }).faults).toEqual([]);
  });

  it('encode client id and secret before they are joined', () => {
    expect(Buffer.from(basicOf('a:b', 'c d%').slice(6), 'base64').toString()).toBe('a%3Ab:c+d%25');
  });

  it('look for errors before tokens', () => {
    expect(tokenOf({ error: 'bad', access_token: 'x' }, 200)).toEqual({ error: 'bad' });
    expect(tokenOf({ error: { message: 'no', code: 190 } }, 400)).toEqual({ error: 'no' });
    expect(tokenOf({ error: { message: { toString: 1 } } }, 400)).toHaveProperty('error');
    expect(tokenOf({ access_token: 'x' }, 500)).toHaveProperty('error');
    expect(tokenOf({ access_token: 'x', expires_in: '60' }, 200)).toMatchObject({
      expiresIn: 60,
      tokenType: 'Bearer',
    });
  });

  it('quote what comes from a provider', () => {
    expect(curlOf('https://gw', "x'; rm -rf /'")).toContain(`x'\\''; rm -rf /'\\''`);
    expect(escaped(`<a href="x">'&`)).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;');
    expect(scopeOfClient('openid profile api offline_access write')).toBe('api write');
  });

  it('report that a provider was away before anything else', () => {
    const away = refuse('provider_unavailable', 'away', 5);
    expect(mostTelling([refuse('oauth_token_rejected', 'a'), refuse('token_audience', 'b')]).refused).toBe(
      'token_audience',
    );
    expect(mostTelling([refuse('token_audience', 'b'), away])).toBe(away);
    expect(mostTelling([]).refused).toBe('oauth_token_rejected');
  });
});
