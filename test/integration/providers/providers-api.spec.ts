import { DataSource } from 'typeorm';
import { PRESET_IDS } from '../../../src/modules/providers/presets/presets.policy.js';
import { newSigningKey, toJwk } from '../../support/oidc/jwt.js';
import { startFakeProvider } from '../../support/oidc/fake-provider.js';
import type { FakeProvider } from '../../support/oidc/fake-provider.js';
import { startOidcProvider } from '../../support/oidc/provider.js';
import type { OidcTestProvider } from '../../support/oidc/provider.js';
import { ProviderNode, startWorld } from './provider-world.js';

describe('/providers', () => {
  let node: ProviderNode;
  let url: string;
  let stop: () => Promise<void>;
  let idp: FakeProvider;

  beforeAll(async () => {
    ({ node, url, stop } = await startWorld());
  });
  afterAll(() => stop());

  beforeEach(async () => {
    await node.clear();
    idp = await startFakeProvider();
    idp.serveDiscovery([toJwk(newSigningKey())]);
  });
  afterEach(() => idp.close());

  const oidc = (more: object = {}): object => ({
    name: 'Corp',
    preset: 'custom-oidc',
    clientId: 'restgate',
    clientSecret: 'very-secret',
    issuer: idp.url,
    ...more,
  });

  it('lists the presets with what to fill in', async () => {
    const { status, body } = await node.call('GET', '/providers/presets');
    expect(status).toBe(200);
    const items = body['items'] as { id: string }[];
    expect(items.map((item) => item.id)).toEqual([...PRESET_IDS]);
    expect(items.find((item) => item.id === 'keycloak')).toMatchObject({
      endpoints: { token: '{baseUrl}/realms/{realm}/protocol/openid-connect/token' },
      fields: [{ name: 'baseUrl', required: true }, { name: 'realm' }],
      usernameAttribute: 'preferred_username',
      validation: 'jwt',
    });
  });

  it('makes a provider out of an issuer: the rest comes by discovery', async () => {
    const { status, body } = await node.call('POST', '/providers', oidc());
    expect(status).toBe(201);
    expect(body).toMatchObject({
      clientSecretSet: true,
      enabled: true,
      validation: 'jwt',
      audienceCheck: 'required',
      endpoints: { jwks: `${idp.url}/jwks`, userinfo: `${idp.url}/userinfo` },
      redirectUri: 'http://127.0.0.1/restgate/oauth/callback',
      warnings: [],
    });
    expect(node.snapshot.byId.get(body['id'] as string)?.clientSecret).toBe('very-secret');
  });

  it('shows the secret nowhere: not in answers, not in the audit entry, not in the database', async () => {
    const { body, text } = await node.call('POST', '/providers', oidc());
    const read = await node.call('GET', `/providers/${String(body['id'])}`);
    const rows = await node.app.get(DataSource).query<unknown[]>('SELECT * FROM providers');
    expect(`${text}${read.text}${JSON.stringify(node.changes)}${JSON.stringify(rows)}`).not.toContain(
      'very-secret',
    );
    expect(node.changes).toMatchObject([{ topic: 'providers', by: 'root-admin', target: 'providers/Corp' }]);
  });

  it('changes only what is given, and keeps the secret', async () => {
    const { body } = await node.call('POST', '/providers', oidc());
    const path = `/providers/${String(body['id'])}`;
    const changed = await node.call('PATCH', path, {
      usernameAttribute: 'email',
      endpoints: { userinfo: null },
    });
    expect(changed.body).toMatchObject({ usernameAttribute: 'email', clientSecretSet: true, name: 'Corp' });
    expect(changed.body['endpoints']).not.toHaveProperty('userinfo');
    expect(changed.body['endpoints']).toHaveProperty('jwks');
    const without = await node.call('PATCH', path, { clientSecret: null });
    expect(without.body).toMatchObject({ clientSecretSet: false });
    expect(node.changes.at(-1)).toMatchObject({
      before: { clientSecretSet: true },
      after: { clientSecretSet: false },
    });
  });

  it('removes a provider, once', async () => {
    const { body } = await node.call('POST', '/providers', oidc());
    const path = `/providers/${String(body['id'])}`;
    expect((await node.call('DELETE', path)).status).toBe(204);
    expect((await node.call('DELETE', path)).status).toBe(404);
    expect((await node.call('GET', path)).body).toMatchObject({ code: 'not_found' });
    expect(node.snapshot.enabled).toEqual([]);
  });

  it('D-09 refuses metadata that names another issuer, when saving and when discovering', async () => {
    const { body } = await node.call('POST', '/providers', oidc());
    idp.serveDiscovery([], { issuer: 'https://evil.test' });
    const again = await node.call('POST', `/providers/${String(body['id'])}/discover`);
    expect(again).toMatchObject({ status: 400, body: { errors: [{ field: 'issuer' }] } });
    expect((await node.call('POST', '/providers', oidc({ name: 'Other' }))).status).toBe(400);
    expect(
      (await node.call('POST', '/providers', oidc({ name: 'Third', issuer: `${idp.url}/` }))).status,
    ).toBe(400);
  });

  it('saves a provider that is away, says what is missing, and fills it by discovery later', async () => {
    await idp.pause();
    const { status, body } = await node.call('POST', '/providers', oidc());
    expect(status).toBe(201);
    expect(body['warnings']).toEqual([expect.stringContaining('jwks')]);
    const path = `/providers/${String(body['id'])}/discover`;
    expect((await node.call('POST', path)).status).toBe(502);
    await idp.resume();
    expect(await node.call('POST', path)).toMatchObject({ status: 200, body: { warnings: [] } });
  });

  it('finds RFC 8414 metadata where there is no OpenID one', async () => {
    idp.on('/.well-known/openid-configuration', { status: 404 });
    const issuer = `${idp.url}/tenant`;
    idp.on('/.well-known/oauth-authorization-server/tenant', {
      body: { issuer, token_endpoint: `${issuer}/token`, jwks_uri: `${idp.url}/jwks` },
    });
    const { body } = await node.call('POST', '/providers', oidc({ issuer }));
    expect(body['endpoints']).toEqual({ token: `${issuer}/token`, jwks: `${idp.url}/jwks` });
  });

  it('O-03 refuses a provider that cannot prove the audience, and warns where the risk is accepted', async () => {
    const input = {
      name: 'Plain',
      preset: 'custom-oauth2',
      clientId: 'c',
      endpoints: {
        authorization: `${idp.url}/auth`,
        token: `${idp.url}/token`,
        userinfo: `${idp.url}/userinfo`,
      },
    };
    const refused = await node.call('POST', '/providers', input);
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ field: 'audienceCheck' }] } });
    const accepted = await node.call('POST', '/providers', { ...input, audienceCheck: 'accept-any-client' });
    expect(accepted).toMatchObject({
      status: 201,
      body: { warnings: [expect.stringContaining('any client')] },
    });
    expect(node.changes.at(-1)).toMatchObject({ after: { audienceCheck: 'accept-any-client' } });
  });

  it.each<[string, object, string]>([
    ['plain http', { endpoints: { token: 'http://idp.example.com/token' } }, 'endpoints.token'],
    ['a private address', { endpoints: { userinfo: 'https://10.0.0.1/' } }, 'endpoints.userinfo'],
    ['the metadata service', { endpoints: { jwks: 'https://169.254.169.254/latest' } }, 'endpoints.jwks'],
    ['a mapped private address', { endpoints: { jwks: 'https://[::ffff:10.0.0.1]/' } }, 'endpoints.jwks'],
    ['a password in the URL', { endpoints: { token: 'https://a:b@idp.example.com/' } }, 'endpoints.token'],
    ['another scheme', { endpoints: { token: 'file:///etc/passwd' } }, 'endpoints.token'],
    ['an issuer over http', { issuer: 'http://idp.example.com' }, 'issuer'],
    ['an unknown field', { parameters: { tenant: 'x' } }, 'parameters.tenant'],
    [
      'a machine with a strange name',
      { serviceAccounts: [{ clientId: 'a', username: 'al\nice' }] },
      'serviceAccounts.0.username',
    ],
    [
      'a machine twice',
      { serviceAccounts: [1, 2].map(() => ({ clientId: 'a', username: 'b' })) },
      'serviceAccounts',
    ],
  ])('refuses %s and names the field', async (_name, more, field) => {
    const { status, body } = await node.call('POST', '/providers', oidc(more));
    expect(status).toBe(400);
    expect(body['errors']).toEqual(expect.arrayContaining([expect.objectContaining({ field })]));
  });

  it('refuses unknown presets, unknown fields and names that are taken', async () => {
    expect((await node.call('POST', '/providers', oidc({ preset: 'nonsense' }))).status).toBe(400);
    expect((await node.call('POST', '/providers', oidc({ nonsense: 1 }))).status).toBe(400);
    await node.call('POST', '/providers', oidc());
    const taken = await node.call('POST', '/providers', oidc({ name: 'CORP' }));
    expect(taken).toMatchObject({ status: 409, body: { code: 'already_exists' } });
  });

  it('keeps what is cached for a provider when another one is changed', async () => {
    const { body } = await node.call('POST', '/providers', oidc());
    const before = node.snapshot.byId.get(body['id'] as string);
    await node.call('POST', '/providers', oidc({ name: 'Second' }));
    expect(node.snapshot.byId.get(body['id'] as string)).toBe(before);
    await node.call('PATCH', `/providers/${String(body['id'])}`, { order: 5 });
    expect(node.snapshot.byId.get(body['id'] as string)).not.toBe(before);
  });

  it('verifies tokens of a real provider, also after a restart while that provider is away', async () => {
    const real: OidcTestProvider = await startOidcProvider();
    await node.call('POST', '/providers', oidc({ issuer: real.issuer, audience: [real.resource] }));
    const token = await real.fetchJwt('alice');
    expect(await node.outcome(token)).toBe('user alice');
    await real.close();
    const restarted = await ProviderNode.start(url);
    expect(await restarted.outcome(token)).toBe('user alice');
    await restarted.stop();
  });
});
