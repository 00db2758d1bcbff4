import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { CERTIFICATE, PRIVATE_KEY } from '../../contract/applications/certificates.js';
import { startFakeProvider } from '../../support/oidc/fake-provider.js';
import type { FakeProvider, ScriptedAnswer } from '../../support/oidc/fake-provider.js';
import { unreachableText } from '../../../src/modules/providers/provider-fault.policy.js';
import { startWorld } from './provider-world.js';
import type { ProviderNode } from './provider-world.js';

/** What an admin reads when a setting of a provider is wrong: each message names what to change. */
describe('settings of a provider that are wrong', () => {
  let node: ProviderNode;
  let stop: () => Promise<void>;
  let fake: FakeProvider;

  beforeAll(async () => {
    ({ node, stop } = await startWorld());
  });
  afterAll(() => stop());
  beforeEach(async () => {
    await node.clear();
    fake = await startFakeProvider();
  });
  afterEach(() => fake.close());

  const oidc = (issuer: string) =>
    node.call('POST', '/providers', {
      name: 'Corp',
      preset: 'custom-oidc',
      issuer,
      clientId: 'restgate',
      clientSecret: 'x',
    });
  const plain = async (): Promise<string> => {
    const { body } = await node.call('POST', '/providers', {
      name: 'Corp',
      preset: 'custom-oauth2',
      clientId: 'restgate',
      clientSecret: 'x',
      audienceCheck: 'accept-any-client',
      endpoints: {
        authorization: `${fake.url}/authorize`,
        token: `${fake.url}/token`,
        userinfo: `${fake.url}/userinfo`,
      },
    });
    return `/providers/${String(body['id'])}`;
  };
  const html = { body: '<html>Log in</html>', headers: { 'content-type': 'text/html' } };

  /** Saved while its provider does not answer, with a warning; discovery says why. */
  const discovered = async (issuer: string) => {
    const { body } = await oidc(issuer);
    expect(body['warnings']).toContainEqual(expect.stringContaining('Run discovery'));
    const answer = await node.call('POST', `/providers/${String(body['id'])}/discover`);
    const after = await node.call('GET', `/providers/${String(body['id'])}`);
    expect(after.body['endpoints']).toEqual({});
    return answer;
  };

  it.each<[string, ScriptedAnswer, string]>([
    ['not there', { status: 404, body: 'no' }, 'check the issuer'],
    ['a page', { status: 200, ...html }, 'is no JSON: check the issuer'],
  ])('metadata that is %s: the message says so, and nothing is changed', async (_what, answer, words) => {
    fake.on('/.well-known/openid-configuration', answer);
    fake.on('/.well-known/oauth-authorization-server', answer);
    const { status, body } = await discovered(fake.url);
    expect([status, body['detail']]).toEqual([502, expect.stringContaining(words)]);
  });

  it.each<[string, ScriptedAnswer, string]>([
    ['a list', { status: 200, body: [] }, 'names no issuer'],
    ['of another issuer', { status: 200, body: { issuer: 'https://evil.test' } }, 'https://evil.test'],
  ])('metadata that is %s: the message says so, and nothing is saved', async (_what, answer, words) => {
    fake.on('/.well-known/openid-configuration', answer);
    const { status, text } = await oidc(fake.url);
    expect([status, text]).toEqual([400, expect.stringContaining(words)]);
    expect((await node.call('GET', '/providers')).body['items']).toEqual([]);
  });

  it('a certificate of an unknown authority: the message says how to trust it', async () => {
    const server = createServer({ cert: CERTIFICATE, key: PRIVATE_KEY });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { status, body } = await discovered(`https://127.0.0.1:${port}`);
    server.close();
    expect([status, body['detail']]).toEqual([502, expect.stringContaining('NODE_EXTRA_CA_CERTS')]);
  });

  it('a host that nobody answers at', async () => {
    const { url } = fake;
    await fake.close();
    const { status, body } = await discovered(url);
    expect([status, body['detail']]).toEqual([502, expect.stringContaining('check host and port')]);
    fake = await startFakeProvider();
  });

  it.each<[string, ScriptedAnswer, string]>([
    [
      'a wrong client secret',
      { status: 401, body: { error: 'invalid_client' } },
      'invalid_client Check client id and client secret.',
    ],
    [
      'a page in place of the token endpoint',
      { status: 200, ...html },
      'check that it is the token endpoint',
    ],
    [
      'a grant that the client may not use',
      { status: 400, body: { error: 'unauthorized_client' } },
      'Allow this grant',
    ],
    [
      'an error with status 200',
      { status: 200, body: { ok: false, error: 'invalid_scope' } },
      'Check the scope.',
    ],
  ])('%s', async (_what, answer, words) => {
    const path = await plain();
    fake.on('/token', answer);
    const { status, body } = await node.call('POST', `${path}/client-credentials`);
    expect([status, body['detail']]).toEqual([502, expect.stringContaining(words)]);
  });

  it('takes a form-encoded token answer, as older GitHub servers give it', async () => {
    const path = await plain();
    fake.on('/token', {
      body: 'access_token=abc&token_type=bearer',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    const { body } = await node.call('POST', `${path}/client-credentials`);
    expect(body).toMatchObject({ accessToken: 'abc' });
  });

  it.each<[string, ScriptedAnswer]>([
    ['a list', { body: [{ login: 'alice' }] }],
    ['a page', html],
    ['ok: false', { body: { ok: false, error: 'invalid_auth' } }],
  ])('"Get response" shows user info that is %s as it came, and suggests nothing', async (_what, answer) => {
    const path = await plain();
    fake.on('/userinfo', answer);
    const { status, body } = await node.call('POST', `${path}/userinfo`, { accessToken: 'abc' });
    expect([status, body['response'], body['suggested']]).toEqual([200, answer.body, null]);
  });

  it.each([
    ['CERT_HAS_EXPIRED', 'has expired: renew it'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'for another host'],
    ['ENOTFOUND', 'check the spelling'],
    ['toString', 'cannot be reached (toString)'],
  ])('the fault %s in words', (code, words) => {
    expect(unreachableText('idp.corp.test', code)).toContain(words);
    expect(unreachableText('idp.corp.test', code)).toContain('idp.corp.test');
  });
});
