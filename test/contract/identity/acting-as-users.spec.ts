import type { Principal } from '../../../src/modules/decisions/exchange.port.js';
import { isDenial } from '../../../src/modules/identity/identity.port.js';
import type { OutgoingRequest } from '../../../src/modules/identity/identity.port.js';
import { ApplicationNode } from '../../integration/applications/application-world.js';
import { PRODUCTS, acceptKey, connect } from '../../integration/applications/connected-products.js';
import type { AtlassianStandIn } from '../../support/atlassian/server.js';
import type { RequestRecord } from '../../support/atlassian/types.js';

function principal(username: string): Principal {
  return { username, groups: [], groupKeys: new Set(), credential: { kind: 'oauth' }, verified: true };
}

const GET: OutgoingRequest = { method: 'GET', path: '', query: '', form: undefined };

describe.each(PRODUCTS)('acting as a user towards %s', (product) => {
  let node: ApplicationNode;
  let standIn: AtlassianStandIn;

  beforeAll(async () => {
    node = await ApplicationNode.start();
    standIn = await connect(node, product, { identity: { mode: 'oauth1' } });
    await acceptKey(node, standIn, product);
  });

  afterAll(async () => {
    await node.stop();
    await standIn.close();
  });

  /** Sends what `actAs` answers over the wire and returns what the product made of it. */
  async function send(username: string, request: Partial<OutgoingRequest>): Promise<RequestRecord> {
    const application = node.application(product);
    const outgoing = { ...GET, path: `/${product}/rest/api/2/anything`, ...request };
    const acting = await node.identity.actAs(application, principal(username), outgoing);
    if (isDenial(acting)) throw new Error(acting.reason);
    const headers: Record<string, string> = {
      'user-agent': 'restgate/test',
      'x-atlassian-token': 'no-check',
    };
    for (let i = 0; i < acting.headers.length; i += 2)
      headers[acting.headers[i] as string] = acting.headers[i + 1] as string;
    if (outgoing.form !== undefined) headers['content-type'] = 'application/x-www-form-urlencoded';
    await fetch(`${application.origin}${acting.target}`, {
      method: outgoing.method,
      headers,
      body: outgoing.form,
    });
    return standIn.last();
  }

  it.each(['alice', "o'brien+x@example.com", 'zoë'])('oauth1: the request is %s’s', async (username) => {
    const record = await send(username, { query: '?jql=project%20%3D%20ABC&maxResults=2' });
    expect(record).toMatchObject({ user: username, authenticatedBy: 'oauth1' });
    expect(record.target).toMatch(/\?xoauth_requestor_id=[^&]+&jql=project%20%3D%20ABC&maxResults=2$/);
  });

  it.each([
    ['repeated parameters', { query: '?a=2&a=1&a=10&b=%20+%2B' }],
    ['reserved and escaped characters', { query: "?q=!*'()~;:@$,/[]&x=%C3%A9" }],
    ['an escaped path', { path: `/${product}/rest/api/2/C%23/100%25/a(b)` }],
    ['a form', { method: 'POST', query: '?x=y', form: 'a+b=c+d&e=%26%3D&e=2' }],
    ['a method other than GET', { method: 'DELETE' }],
  ])('oauth1: the signature holds with %s', async (_what, request) => {
    expect(await send('alice', request)).toMatchObject({ user: 'alice', authenticatedBy: 'oauth1' });
  });

  it('oauth1: a user that the product does not know is nobody there', async () => {
    expect(await send('ghost', {})).toMatchObject({ user: null, authenticatedBy: 'anonymous' });
  });

  it('oauth1: the rotated key signs once it is activated', async () => {
    await node.call('POST', `/applications/${product}/identity-key/rotation`);
    expect(await send('alice', {})).toMatchObject({ user: 'alice' });
    await node.call('POST', `/applications/${product}/identity-key/activation`);
    expect(await send('alice', {})).toMatchObject({ user: null });
    await acceptKey(node, standIn, product);
    expect(await send('alice', {})).toMatchObject({ user: 'alice' });
  });
});

describe('signing for a server that sees itself elsewhere', () => {
  it('uses the signing base URL', async () => {
    const node = await ApplicationNode.start();
    const identity = { mode: 'oauth1', signingBaseUrl: 'https://jira.example.com/jira' };
    const standIn = await connect(node, 'jira', { identity }, { seenAs: 'https://jira.example.com' });
    await acceptKey(node, standIn, 'jira');
    const { body } = await node.call('POST', '/applications/jira/check');
    expect(body.identity).toEqual({ ok: true, detail: 'The application answers as svc-restgate.' });
    await node.call('PATCH', '/applications/jira', { identity: { mode: 'oauth1' } });
    const failed = await node.call('POST', '/applications/jira/check');
    expect(failed.body.identity).toMatchObject({
      ok: false,
      detail: expect.stringContaining('signingBaseUrl'),
    });
    await node.stop();
    await standIn.close();
  });
});

describe('acting as a user by a trusted header', () => {
  let node: ApplicationNode;
  let standIn: AtlassianStandIn;
  const identity = {
    mode: 'header',
    header: 'X-Restgate-User',
    sharedSecretHeader: 'X-Restgate-Proof',
    sharedSecret: 's3cret',
  };

  beforeAll(async () => {
    node = await ApplicationNode.start();
    const trustedHeader = {
      name: 'X-Restgate-User',
      sharedSecretHeader: 'X-Restgate-Proof',
      sharedSecret: 's3cret',
    };
    standIn = await connect(node, 'jira', { identity }, { trustedHeader });
  });

  afterAll(async () => {
    await node.stop();
    await standIn.close();
  });

  it('names the user and proves itself, at once', () => {
    const acting = node.identity.actAs(node.application('jira'), principal('alice'), {
      ...GET,
      path: '/jira/x',
      query: '?a=b',
    });
    expect(acting).toEqual({
      target: '/jira/x?a=b',
      headers: ['X-Restgate-User', 'alice', 'X-Restgate-Proof', 's3cret'],
    });
  });

  it.each(['zoë', 'a\r\nX-Other: b', ' alice', ''])('does not send %j in a header', (username) => {
    const acting = node.identity.actAs(node.application('jira'), principal(username), GET);
    expect(acting).toMatchObject({ verdict: 'deny', reason: 'identity_not_configured' });
  });

  it('is proved by the check, with the warning that headers can be forged', async () => {
    const { body } = await node.call('POST', '/applications/jira/check', { probeUser: 'alice' });
    expect(body.identity).toMatchObject({ ok: true });
    expect(body.warnings).toEqual([expect.stringContaining('forge')]);
  });
});

describe('a trusted header whose secret the application does not check', () => {
  it('is told by the check', async () => {
    const node = await ApplicationNode.start();
    const identity = {
      mode: 'header',
      header: 'X-Restgate-User',
      sharedSecretHeader: 'X-Restgate-Proof',
      sharedSecret: 's3cret',
    };
    const standIn = await connect(node, 'jira', { identity }, { trustedHeader: { name: 'X-Restgate-User' } });
    const { body } = await node.call('POST', '/applications/jira/check', { probeUser: 'alice' });
    expect(body.identity).toMatchObject({ ok: true });
    expect(body.warnings).toContainEqual(expect.stringContaining('without the shared secret, too'));
    await node.stop();
    await standIn.close();
  });
});

describe('acting as a user without a way to', () => {
  it('is refused', async () => {
    const node = await ApplicationNode.start();
    await node.call('POST', '/applications', { key: 'jira', product: 'jira', baseUrl: 'http://127.0.0.1:1' });
    const refused = node.identity.actAs(node.application('jira'), principal('alice'), GET);
    expect(refused).toMatchObject({ verdict: 'deny', reason: 'identity_not_configured' });
    await node.stop();
  });
});
