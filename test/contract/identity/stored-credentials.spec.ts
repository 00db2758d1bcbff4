import type { Principal } from '../../../src/modules/decisions/exchange.port.js';
import type { Actor } from '../../../src/modules/access/access.port.js';
import { ApplicationNode } from '../../integration/applications/application-world.js';
import type { Answer } from '../../integration/applications/application-world.js';
import { PRODUCTS, connect } from '../../integration/applications/connected-products.js';
import type { AtlassianStandIn } from '../../support/atlassian/server.js';

const GET = { method: 'GET', path: '/jira/rest/api/2/myself', query: '', form: undefined };
const alice: Partial<Actor> = { username: 'alice', level: 'user' };

function principal(username: string): Principal {
  return { username, groups: [], groupKeys: new Set(), credential: { kind: 'oauth' }, verified: true };
}

describe.each(PRODUCTS)('personal access tokens that users store for %s', (product) => {
  let node: ApplicationNode;
  let standIn: AtlassianStandIn;

  beforeAll(async () => {
    node = await ApplicationNode.start();
    standIn = await connect(node, product, { identity: { mode: 'pat' } });
  });

  afterAll(async () => {
    await node.stop();
    await standIn.close();
  });

  const store = (personalAccessToken: string, actor = alice): Promise<Answer> =>
    node.call('PUT', `/me/credentials/${product}`, { personalAccessToken }, { actor });
  const actAs = (username: string): unknown =>
    node.identity.actAs(node.application(product), principal(username), GET);

  it('act for their owner from then on, and for nobody else', async () => {
    const { token } = standIn.issuePat('alice');
    const stored = await store(token);
    expect(stored).toMatchObject({
      status: 200,
      body: { application: product, personalAccessTokenSet: true },
    });
    expect(JSON.stringify(stored.body)).not.toContain(token);
    expect(actAs('Alice')).toMatchObject({ target: GET.path, headers: ['Authorization', `Bearer ${token}`] });
    expect(actAs('bob')).toMatchObject({ verdict: 'deny', reason: 'identity_not_configured' });
    expect((await node.call('GET', '/me/credentials', undefined, { actor: alice })).body.items).toMatchObject(
      [{ application: product }],
    );
  });

  it('are sealed in the database and absent from the audit log', async () => {
    const { token } = standIn.issuePat('alice');
    await store(token);
    const rows = await node.dataSource.query<{ text: string }[]>(
      'SELECT row_to_json(s)::text AS text FROM stored_pats s',
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.text).not.toContain(token);
    expect(JSON.stringify(node.changes)).not.toContain(token);
    expect(node.changes.at(-1)).toMatchObject({ by: 'alice', target: `users/alice/credentials/${product}` });
  });

  it('are refused when they belong to somebody else', async () => {
    const { token } = standIn.issuePat('admin');
    expect(await store(token, { username: 'rita', level: 'user' })).toMatchObject({ status: 400 });
    expect(actAs('rita')).toMatchObject({ verdict: 'deny' });
  });

  it('are refused when the product does not accept them', async () => {
    expect(await store('not-a-token-of-this-product')).toMatchObject({ status: 400 });
    expect(await store('short')).toMatchObject({ status: 400 });
    expect(await store('with space inside')).toMatchObject({ status: 400 });
  });

  it('are not judged while the product is away', async () => {
    standIn.fail({ pathPrefix: '/rest', status: 503 });
    expect(await store('whatever-this-token-is')).toMatchObject({
      status: 503,
      body: { code: 'directory_unavailable' },
    });
    standIn.clear();
  });

  it('are forgotten on demand', async () => {
    await store(standIn.issuePat('alice').token);
    const remove = (): Promise<Answer> =>
      node.call('DELETE', `/me/credentials/${product}`, undefined, { actor: alice });
    expect((await remove()).status).toBe(204);
    expect(actAs('alice')).toMatchObject({ verdict: 'deny' });
    expect((await remove()).status).toBe(404);
  });

  it('are no matter of the bootstrap admin', async () => {
    const answer = await store(standIn.issuePat('admin').token, {
      username: 'bootstrap-admin',
      bootstrap: true,
    });
    expect(answer).toMatchObject({ status: 403, body: { code: 'not_a_user' } });
  });

  it('are tried by the check for a probe user', async () => {
    await store(standIn.issuePat('alice').token);
    const check = (body?: object): Promise<Answer> =>
      node.call('POST', `/applications/${product}/check`, body);
    expect((await check({ probeUser: 'alice' })).body.identity).toMatchObject({ ok: true });
    expect((await check({ probeUser: 'bob' })).body.identity).toMatchObject({ ok: false });
    expect((await check()).body.identity).toMatchObject({ ok: true });
  });

  it('outlive the node, and go with the application', async () => {
    const { token } = standIn.issuePat('alice');
    await store(token);
    const { url } = node.dataSource.options as { url: string };
    const other = await ApplicationNode.start({}, url);
    const acting = other.identity.actAs(other.application(product), principal('alice'), GET);
    expect(acting).toMatchObject({ headers: ['Authorization', `Bearer ${token}`] });
    await other.stop();
    await node.call('DELETE', `/applications/${product}`);
    expect(await node.dataSource.query('SELECT 1 FROM stored_pats')).toEqual([]);
    expect((await store(token)).status).toBe(404);
  });
});

describe('personal access tokens for an application that uses none', () => {
  it('are not stored', async () => {
    const node = await ApplicationNode.start();
    const standIn = await connect(node, 'jira');
    const body = { personalAccessToken: standIn.issuePat('alice').token };
    const answer = await node.call('PUT', '/me/credentials/jira', body, { actor: alice });
    expect(answer).toMatchObject({ status: 409, body: { code: 'identity_mode' } });
    await node.stop();
    await standIn.close();
  });
});
