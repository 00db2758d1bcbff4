import type { Actor } from '../../../src/modules/access/access.port.js';
import { alice, bob, bootstrap, startWorld } from './token-world.js';
import type { Answer, Surroundings, TokenNode } from './token-world.js';

const viaToken = (id: string, tokenScope: 'read' | 'write' | 'admin'): Partial<Actor> => ({
  credential: { kind: 'api-token', id, name: 'ci' },
  tokenScope,
  expiresAt: Date.parse('2030-01-01T00:00:00Z'),
  ...(tokenScope === 'admin' && { level: 'admin' }),
});

describe('the token API for everybody', () => {
  let node: TokenNode;
  let surroundings: Surroundings;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    ({ node, surroundings, stop } = await startWorld());
  });

  afterEach(() => stop());

  const create = (actor: Partial<Actor>, body: object = {}): Promise<Answer> =>
    node.call(actor, 'POST', '/me/tokens', { name: 'mine', scope: 'read', ...body });

  it('gives a user a token of their own', async () => {
    const made = await create(alice);
    expect(made).toMatchObject({
      status: 201,
      body: { username: 'Alice', createdBy: 'alice', scope: 'read' },
    });
    expect(node.verify(made.body['token'])).toBe(made.body['id']);
    const { body } = await node.call(alice, 'GET', '/me/tokens');
    expect(body['items']).toEqual([expect.objectContaining({ id: made.body['id'], name: 'mine' })]);
    expect(JSON.stringify(body)).not.toContain(made.body['token']);
  });

  it('shows nobody the tokens of others', async () => {
    const made = await create(alice);
    expect((await node.call(bob, 'GET', '/me/tokens')).body).toEqual({ items: [], nextCursor: null });
    const path = `/me/tokens/${String(made.body['id'])}`;
    expect((await node.call(bob, 'DELETE', path)).status).toBe(404);
    expect((await node.call(bob, 'POST', `${path}/rotation`, {})).status).toBe(404);
    expect(node.verify(made.body['token'])).toBe(made.body['id']);
    expect((await node.call(alice, 'DELETE', path)).status).toBe(204);
    expect(node.verify(made.body['token'])).toBe('token_revoked');
  });

  it('T-07 refuses a user who asks for a token of somebody else', async () => {
    const answer = await create(bob, { username: 'alice' });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(node.changes).toEqual([]);
  });

  it('T-07 refuses a user outside the token creation groups', async () => {
    const tokenCreation = { enabled: true, groups: ['Staff'], groupKeys: new Set(['staff']) };
    surroundings.restrictions = { ...surroundings.restrictions, tokenCreation, mode: 'report' };
    await node.reload();
    expect(await create(bob)).toMatchObject({ status: 403, body: { code: 'token_creation_not_allowed' } });
    expect((await create(alice)).status).toBe(201);
    expect((await node.call(bob, 'GET', '/me')).body).toMatchObject({ mayCreateTokens: false });
    expect((await node.call(alice, 'GET', '/me')).body).toMatchObject({ mayCreateTokens: true });
  });

  it('T-07 refuses a user who asks for longer than the maximum', async () => {
    await node.call(bootstrap, 'PUT', '/token-settings', { maxLifetimeDays: 30 });
    for (const body of [{ expiresInDays: 31 }, { expiresAt: null }, { expiresAt: '2099-01-01T00:00:00Z' }]) {
      expect(await create(alice, body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    }
  });

  it('refuses users as soon as only admins may create tokens', async () => {
    await node.call(bootstrap, 'PATCH', '/global-settings', { userTokenCreationAllowed: false });
    expect(await create(alice)).toMatchObject({ status: 403, body: { code: 'token_creation_not_allowed' } });
    expect((await create({ level: 'admin' })).status).toBe(201);
  });

  it('refuses scope admin to all but admins', async () => {
    expect(await create(alice, { scope: 'admin' })).toMatchObject({
      status: 403,
      body: { code: 'token_scope_not_allowed' },
    });
    const made = await create({ level: 'admin' }, { scope: 'admin' });
    expect(made.status).toBe(201);
    const rotation = `/me/tokens/${String(made.body['id'])}/rotation`;
    expect(await node.call(alice, 'POST', rotation, {})).toMatchObject({
      status: 403,
      body: { code: 'token_scope_not_allowed' },
    });
    expect(node.verify(made.body['token'])).toBe(made.body['id']);
  });

  it('lets no token make or renew tokens, except one of scope admin', async () => {
    const made = await create(alice, { scope: 'write' });
    const id = String(made.body['id']);
    for (const scope of ['read', 'write'] as const) {
      const refused = { status: 403, body: { code: 'token_cannot_create_tokens' } };
      expect(await create(viaToken(id, scope))).toMatchObject(refused);
      expect(await node.call(viaToken(id, scope), 'POST', `/me/tokens/${id}/rotation`, {})).toMatchObject(
        refused,
      );
    }
    expect((await create(viaToken(id, 'admin'))).status).toBe(201);
  });

  it('lets a token of scope read revoke nothing but itself', async () => {
    const [own, other] = [await create(alice), await create(alice)].map(({ body }) => String(body['id']));
    const actor = viaToken(String(own), 'read');
    expect((await node.call(actor, 'DELETE', `/me/tokens/${String(other)}`)).status).toBe(403);
    expect((await node.call(actor, 'DELETE', `/me/tokens/${String(own)}`)).status).toBe(204);
  });

  it('has no tokens for the bootstrap admin, who is no user', async () => {
    expect(await create(bootstrap)).toMatchObject({ status: 409, body: { code: 'no_user' } });
    expect((await node.call(bootstrap, 'GET', '/me/tokens')).body).toEqual({ items: [], nextCursor: null });
    expect((await node.call(bootstrap, 'GET', '/me')).body).toMatchObject({
      admin: true,
      mayCreateTokens: false,
    });
  });

  it('tells who I am and how I am signed in', async () => {
    expect((await node.call(alice, 'GET', '/me')).body).toEqual({
      username: 'alice',
      groups: ['staff'],
      admin: false,
      credential: { kind: 'oauth', tokenId: null, scope: null, expiresAt: null },
      mayCreateTokens: true,
    });
    expect((await node.call(viaToken('t1', 'write'), 'GET', '/me')).body).toMatchObject({
      credential: { kind: 'api-token', tokenId: 't1', scope: 'write', expiresAt: '2030-01-01T00:00:00.000Z' },
      mayCreateTokens: false,
    });
  });
});
