import {
  constants,
  createPublicKey,
  createVerify,
  generateKeyPairSync,
  publicDecrypt,
  sign,
} from 'node:crypto';
import fc from 'fast-check';
import OAuth from 'oauth-1.0a';
import { Oauth1SignerService } from '../../../src/modules/identity/oauth1-signer.service.js';
import { parametersOf, signatureBaseString } from '../../../src/modules/identity/oauth1-signature.policy.js';
import type { Parameter } from '../../../src/modules/identity/oauth1-signature.policy.js';

const RUNS = 1000;
/** Signing a thousand times takes a while on a busy machine. */
jest.setTimeout(180_000);
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

/** Text with everything that needs encoding, in several scripts. */
const text = fc.string({
  unit: fc.constantFrom(...'abzAZ09-._~!*\'()%&=+ /?#:@"<>[]{}|\\^`;,$é漢😀'),
  maxLength: 12,
});
const name = text.filter((value) => value !== '' && !/^(oauth_|xoauth_)/.test(value));
const parameters = fc.array(fc.tuple(name, text), { maxLength: 6 });
const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  base: fc.constantFrom(
    'https://jira.example.com/jira',
    'https://JIRA.example.com:443',
    'http://127.0.0.1:8080/x',
    'http://jira:80/jira',
  ),
  path: fc.array(
    fc.constantFrom('rest', 'api', '2', 'issue', 'X-1', 'C%23', '100%25', "o'brien", 'a(b)*!', '%C3%A9'),
    { minLength: 1, maxLength: 5 },
  ),
  query: parameters,
  form: fc.option(parameters, { nil: undefined }),
  username: text.filter((value) => value !== ''),
  plus: fc.boolean(),
  repeated: fc.boolean(),
});

type Generated = typeof request extends fc.Arbitrary<infer T> ? T : never;

/** One of the two ways in which clients write a query. */
function written(pairs: readonly (readonly [string, string])[], plus: boolean): string {
  if (plus) return new URLSearchParams(pairs.map(([n, v]): [string, string] => [n, v])).toString();
  return pairs.map(([n, v]) => `${encodeURIComponent(n)}=${encodeURIComponent(v)}`).join('&');
}

function withRepeats(pairs: readonly [string, string][], repeated: boolean): [string, string][] {
  return repeated
    ? [...pairs, ...pairs.map(([n, v]): [string, string] => [n, `${v}2`]), ...pairs.slice(0, 1)]
    : [...pairs];
}

/** The base string as another library makes it, from parameters that were never written and read again. */
function independentBaseString(input: {
  method: string;
  url: string;
  oauth: Record<string, string>;
  pairs: readonly [string, string][];
}): string {
  const library = new OAuth({
    consumer: { key: 'restgate', secret: '' },
    signature_method: 'RSA-SHA1',
    hash_function: () => '',
  });
  const grouped: Record<string, string[]> = {};
  for (const [n, v] of input.pairs)
    Object.defineProperty(grouped, n, {
      value: [...(own(grouped, n) ?? []), v],
      enumerable: true,
      configurable: true,
    });
  const data: Record<string, string | string[] | undefined> = Object.fromEntries(
    Object.entries(grouped).map(([n, v]) => [n, v.length === 1 ? v[0] : v]),
  );
  return library.getBaseString(
    { method: input.method, url: input.url, data },
    input.oauth as unknown as OAuth.Data,
  );
}

function own(grouped: Record<string, string[]>, key: string): string[] | undefined {
  return Object.hasOwn(grouped, key) ? grouped[key] : undefined;
}

function oauthFields(authorization: string): Record<string, string> {
  const pairs = [...authorization.matchAll(/(oauth_\w+)="([^"]*)"/g)];
  return Object.fromEntries(pairs.map(([, n, v]) => [n, decodeURIComponent(v ?? '')]));
}

async function signed(
  generated: Generated,
): Promise<{ target: string; oauth: Record<string, string>; signature: string; path: string }> {
  const path = `/${generated.path.join('/')}`;
  const query = written(withRepeats(generated.query, generated.repeated), generated.plus);
  const form = generated.form && written(generated.form, true);
  const settings = {
    mode: 'oauth1',
    consumerKey: 'restgate',
    privateKeyPem: privateKey,
    publicKeyPem: publicKey,
  } as const;
  const outgoing = { method: generated.method, path, query: query && `?${query}`, form };
  const acting = await new Oauth1SignerService().sign(settings, generated.base, generated.username, outgoing);
  expect(acting.headers[0]).toBe('Authorization');
  const { oauth_signature: signature = '', ...oauth } = oauthFields(acting.headers[1] ?? '');
  return { target: acting.target, oauth, signature, path };
}

describe('OAuth 1.0a signatures', () => {
  it(`agree with an independent library on ${RUNS} generated requests`, async () => {
    await fc.assert(
      fc.asyncProperty(request, async (generated) => {
        const { oauth, signature, path } = await signed(generated);
        const base = new URL(generated.base);
        const pairs: [string, string][] = [
          ['xoauth_requestor_id', generated.username],
          ...withRepeats(generated.query, generated.repeated),
          ...(generated.form ?? []),
        ];
        const expected = independentBaseString({
          method: generated.method,
          url: `${base.origin}${path}`,
          oauth,
          pairs,
        });
        expect(createVerify('RSA-SHA1').update(expected).verify(publicKey, signature, 'base64')).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it('put the requestor first in the query and leave the rest as it was', async () => {
    await fc.assert(
      fc.asyncProperty(request, async (generated) => {
        const { target } = await signed(generated);
        const query = target.slice(target.indexOf('?') + 1);
        expect(parametersOf(query)[0]).toEqual(['xoauth_requestor_id', generated.username]);
        const rest = written(withRepeats(generated.query, generated.repeated), generated.plus);
        expect(query.split('&').slice(1).join('&')).toBe(rest);
      }),
      { numRuns: 200 },
    );
  });

  it('is RSA-SHA1 over the very base string of the documentation', () => {
    const oauthParameters: Parameter[] = [
      ['oauth_consumer_key', 'gateway'],
      ['oauth_token', ''],
      ['oauth_signature_method', 'RSA-SHA1'],
      ['oauth_timestamp', '1700000000'],
      ['oauth_nonce', 'n0nce'],
      ['oauth_version', '1.0'],
    ];
    const base = signatureBaseString({
      method: 'get',
      baseUrl: 'https://jira.example.com/jira',
      path: '/jira/rest/api/2/search',
      query: 'xoauth_requestor_id=alice%40example.com&jql=project%20%3D%20ABC&maxResults=2',
      form: undefined,
      oauthParameters,
    });
    expect(base).toBe(
      'GET&https%3A%2F%2Fjira.example.com%2Fjira%2Frest%2Fapi%2F2%2Fsearch&jql%3Dproject%2520%253D%2520ABC%26maxResults%3D2%26oauth_consumer_key%3Dgateway%26oauth_nonce%3Dn0nce%26oauth_signature_method%3DRSA-SHA1%26oauth_timestamp%3D1700000000%26oauth_token%3D%26oauth_version%3D1.0%26xoauth_requestor_id%3Dalice%2540example.com',
    );
    const signature = sign('RSA-SHA1', Buffer.from(base), privateKey);
    const opened = publicDecrypt(
      { key: createPublicKey(publicKey), padding: constants.RSA_PKCS1_PADDING },
      signature,
    );
    expect(opened.length).toBeGreaterThan(20);
  });

  it.each([
    ['a form', 'a+b=c+d', [['a b', 'c d']]],
    [
      'a name without value',
      'a&b=',
      [
        ['a', ''],
        ['b', ''],
      ],
    ],
    ['empty pairs and empty names', '&&=x&a=1', [['a', '1']]],
    ['a value with equals signs', 'a=b=c', [['a', 'b=c']]],
    ['an escape that is none', 'a=%zz%4', [['a', '%zz%4']]],
    ['letters beyond ASCII, raw and escaped', 'ä=%C3%A4+ä', [['ä', 'ä ä']]],
  ])('read %s as a servlet container does', (_what, given, expected) => {
    expect(parametersOf(given)).toEqual(expected);
  });

  it.each([
    ['?xoauth_requestor_id=admin', undefined],
    ['?a=1&xoauth%5Frequestor_id=admin', undefined],
    ['?oauth_token=x', undefined],
    ['', 'xoauth_requestor_id=admin'],
  ])('are never made over a caller’s identity parameters (%s, %s)', async (query, form) => {
    const settings = {
      mode: 'oauth1',
      consumerKey: 'restgate',
      privateKeyPem: privateKey,
      publicKeyPem: publicKey,
    } as const;
    const outgoing = { method: 'POST', path: '/rest', query, form };
    await expect(new Oauth1SignerService().sign(settings, 'http://a', 'alice', outgoing)).rejects.toThrow(
      'identity parameters',
    );
  });

  it('are never made for nobody: the link would choose the user', async () => {
    const settings = {
      mode: 'oauth1',
      consumerKey: 'restgate',
      privateKeyPem: privateKey,
      publicKeyPem: publicKey,
    } as const;
    const outgoing = { method: 'GET', path: '/rest', query: '', form: undefined };
    await expect(new Oauth1SignerService().sign(settings, 'http://a', '', outgoing)).rejects.toThrow(
      'nobody',
    );
  });
});
