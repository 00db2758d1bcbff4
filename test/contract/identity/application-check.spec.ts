import { ApplicationNode } from '../../integration/applications/application-world.js';
import type { Answer } from '../../integration/applications/application-world.js';
import { PRODUCTS, acceptKey, connect } from '../../integration/applications/connected-products.js';
import { AtlassianStandIn } from '../../support/atlassian/server.js';

describe.each(PRODUCTS)('the check of an application (%s)', (product) => {
  let node: ApplicationNode;
  let standIn: AtlassianStandIn;

  beforeAll(async () => {
    node = await ApplicationNode.start();
    standIn = await connect(node, product, { identity: { mode: 'oauth1' } });
  });

  beforeEach(() => acceptKey(node, standIn, product));

  afterEach(() => standIn.clear());

  afterAll(async () => {
    await node.stop();
    await standIn.close();
  });

  const check = (body?: object): Promise<Answer> => node.call('POST', `/applications/${product}/check`, body);

  it('finds everything in order', async () => {
    const { status, body } = await check();
    expect(status).toBe(200);
    expect(body).toEqual({
      reachable: true,
      product,
      version: standIn.state.version,
      identity: { ok: true, detail: 'The application answers as svc-restgate.' },
      directory: { ok: true, detail: expect.stringContaining('svc-restgate may look up') },
      warnings: [],
    });
  });

  it('asks as it asks for callers: behind the same forwarding fields', async () => {
    await check({ probeUser: 'alice' });
    const asked = standIn.requests.find((each) => each.user === 'alice');
    expect([asked?.header('x-forwarded-proto'), asked?.header('x-forwarded-host')]).toEqual([
      ['http'],
      ['localhost:8080'],
    ]);
  });

  if (product === 'confluence')
    it('says that Confluence knows no e-mail addresses', async () => {
      expect((await check()).body.directory.detail).toContain('knows no e-mail addresses');
    });

  it('acts as any user that is asked for', async () => {
    const { body } = await check({ probeUser: 'alice' });
    expect(body.identity).toEqual({ ok: true, detail: 'The application answers as alice.' });
    expect(await check({ probeUser: '' })).toMatchObject({ status: 400 });
  });

  it('says that the consumer key is unknown', async () => {
    standIn.setConsumer(undefined);
    const { body } = await check();
    expect(body.identity).toMatchObject({
      ok: false,
      detail: expect.stringContaining('enter the consumer key'),
    });
  });

  it('says that the public key is another one', async () => {
    await node.call('POST', `/applications/${product}/identity-key/rotation`);
    await node.call('POST', `/applications/${product}/identity-key/activation`);
    const { body } = await check();
    expect(body.identity).toMatchObject({
      ok: false,
      detail: expect.stringContaining('enter the public key'),
    });
  });

  it('tries the next key before it is activated', async () => {
    expect(await check({ nextKey: true })).toMatchObject({ status: 409, body: { code: 'no_next_key' } });
    const rotation = `/applications/${product}/identity-key/rotation`;
    const { body: view } = await node.call('POST', rotation, { consumerKey: 'restgate-2' });
    expect((await check({ nextKey: true })).body.identity).toMatchObject({
      ok: false,
      detail: expect.stringContaining('enter the consumer key'),
    });
    const { nextConsumerKey: key, nextPublicKey: publicKeyPem } = view.identity;
    standIn.setConsumer({ key, publicKeyPem, twoLOAllowed: true, impersonationAllowed: true });
    expect((await check({ nextKey: true })).body.identity).toMatchObject({ ok: true });
    expect((await check()).body.identity).toMatchObject({ ok: false });
    await node.call('POST', `/applications/${product}/identity-key/activation`);
    expect((await check()).body.identity).toMatchObject({ ok: true });
  });

  it('says that impersonation is not allowed', async () => {
    const { body: view } = await node.call('GET', `/applications/${product}`);
    const { consumerKey: key, publicKey: publicKeyPem } = view.identity;
    standIn.setConsumer({ key, publicKeyPem, twoLOAllowed: true, impersonationAllowed: false });
    const { body } = await check();
    expect(body.identity).toMatchObject({ ok: false, detail: expect.stringContaining('impersonation') });
  });

  it('says that the user does not exist there', async () => {
    const { body } = await check({ probeUser: 'ghost' });
    expect(body.identity).toMatchObject({ ok: false, detail: expect.stringContaining('user ghost exists') });
  });

  it('says that clocks differ', async () => {
    standIn.setClockOffset(400_000);
    const { body } = await check();
    standIn.setClockOffset(0);
    expect(body.identity).toMatchObject({ ok: false, detail: expect.stringContaining('clocks') });
  });

  it('warns of a base URL that redirects', async () => {
    const failure = { pathPrefix: '/rest', status: 302, headers: { Location: 'https://login.example.com/' } };
    standIn.fail(failure);
    const { body } = await check();
    expect(body.warnings[0]).toContain('https://login.example.com/');
    expect(body.identity.ok).toBe(false);
    expect(body.directory.ok).toBe(false);
  });

  it('says which permission the service account lacks', async () => {
    const service = standIn.directory.require('svc-restgate');
    Object.assign(service, { browseUsers: false, administrator: false });
    const { body } = await check();
    Object.assign(service, { browseUsers: true, administrator: true });
    expect(body.directory).toMatchObject({ ok: false });
    expect(body.directory.detail).toMatch(/permission/);
  });

  it('says that the application cannot be reached', async () => {
    await standIn.pause();
    const { body } = await check();
    await standIn.start();
    expect(body).toMatchObject({
      reachable: false,
      version: null,
      identity: { ok: false },
      directory: { ok: false },
    });
    expect(body.warnings).toEqual([expect.stringContaining('refuses connections')]);
  });
});

describe('the check of an application that is another product than was said', () => {
  it('tells which', async () => {
    const node = await ApplicationNode.start();
    const standIn = new AtlassianStandIn({ product: 'confluence', contextPath: '/wiki' });
    await standIn.start();
    await node.call('POST', '/applications', { key: 'jira', product: 'jira', baseUrl: standIn.url });
    const { body } = await node.call('POST', '/applications/jira/check');
    expect(body).toMatchObject({ reachable: true, identity: { ok: false }, directory: { ok: false } });
    expect(body.warnings[0]).toContain('/rest/api/2/serverInfo');
    expect(body.directory.detail).toContain('service account');
    expect((await node.call('POST', '/applications/ghost/check')).status).toBe(404);
    await node.stop();
    await standIn.close();
  });
});
