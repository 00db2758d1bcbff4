import { startClientWorld, storePersonalAccessToken } from '../../support/client-world.js';
import type { ClientWorld } from '../../support/client-world.js';
import { auditOf, callsOf, eventually, issueToken } from '../../support/dataplane.js';

const MYSELF = '/rest/api/2/myself';

describe('an application with identity mode pat', () => {
  let world: ClientWorld;
  const ask = (token: string, id: string, path = MYSELF) =>
    fetch(world.url + path, { headers: { Authorization: `Bearer ${token}`, 'X-Request-Id': id } });
  const tokenOf = async (user: string): Promise<string> =>
    (await issueToken(world.gateway.admin, user)).token;
  const me = (method: string, token: string, path = '') =>
    fetch(`${world.gateway.url}/restgate/api/v1/me/credentials${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}` },
    });

  beforeAll(async () => {
    world = await startClientWorld({ identity: 'pat' });
  }, 60_000);
  beforeEach(() => world.standIn.clear());
  afterAll(() => world?.stop());

  it('refuses a user who has stored no token, and says where to make and store one', async () => {
    const answer = await ask(await tokenOf('bob'), 'nothing-stored');
    const body = (await answer.json()) as { code: string; hint: string; errorMessages: string[] };
    expect([answer.status, body.code]).toEqual([403, 'identity_not_configured']);
    expect(body.hint).toContain('/jira/secure/ViewProfile.jspa');
    expect(body.hint).toContain('/restgate/api/v1/me/credentials/jira');
    expect(body.errorMessages.join()).toContain(body.hint);
    expect(callsOf(world.standIn)).toEqual([]);
    expect(await auditOf(world.gateway.admin, 'nothing-stored')).toMatchObject([
      { reason: 'identity_not_configured', user: 'bob' },
    ]);
  });

  it('acts with the token that the user stored, until she removes it', async () => {
    const alice = await tokenOf('alice');
    const own = world.standIn.issuePat('alice').token;
    expect((await storePersonalAccessToken(world.gateway, 'jira', 'alice', own)).status).toBe(200);
    world.standIn.clear();

    const answer = await ask(alice, 'with-own-token');
    expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ name: 'alice' })]);
    expect(world.standIn.last()).toMatchObject({ user: 'alice', authenticatedBy: 'pat' });
    expect(world.standIn.last().header('authorization')).toEqual([`Bearer ${own}`]);

    expect(await (await me('GET', alice)).json()).toMatchObject({
      items: [{ application: 'jira', personalAccessTokenSet: true }],
    });
    expect((await me('DELETE', alice, '/jira')).status).toBe(204);
    expect((await ask(alice, 'removed')).status).toBe(403);
  });

  it("does not store another user's token, and nobody acts with it", async () => {
    const answer = await storePersonalAccessToken(
      world.gateway,
      'jira',
      'bob',
      world.standIn.issuePat('alice').token,
    );
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('belongs to another user than bob');
    expect((await ask(await tokenOf('bob'), 'not-bobs')).status).toBe(403);
  });

  it('says that a stored token was taken back, withholds what the application says to nobody, and asks no more', async () => {
    const own = world.standIn.issuePat('rita').token;
    await storePersonalAccessToken(world.gateway, 'jira', 'rita', own);
    const rita = await tokenOf('rita');
    expect((await ask(rita, 'still-good')).status).toBe(200);
    world.standIn.revokePat(own);

    const answer = await ask(rita, 'taken-back', '/rest/api/2/issue/PUB-1');
    const body = (await answer.json()) as { code: string; hint: string };
    expect([answer.status, body.code]).toEqual([403, 'identity_not_configured']);
    expect(body.hint).toContain('no longer accepts the personal access token');
    expect(body.hint).toContain('/restgate/api/v1/me/credentials/jira');
    expect(JSON.stringify(body)).not.toContain('PUB-1');
    expect(await auditOf(world.gateway.admin, 'taken-back')).toMatchObject([
      { reason: 'identity_not_configured', user: 'rita', status: 403 },
    ]);

    await eventually('the token is marked', async () => {
      const { items } = (await (await me('GET', rita)).json()) as { items: { status: string }[] };
      return items[0]?.status === 'refused';
    });
    world.standIn.clear();
    expect((await ask(rita, 'not-sent', '/rest/api/2/issue/PUB-1')).status).toBe(403);
    expect(callsOf(world.standIn)).toEqual([]);
    const ready = (await (await fetch(`${world.gateway.url}/restgate/health/ready`)).json()) as {
      status: string;
      checks: Record<string, { detail?: string }>;
    };
    expect(ready.status).toBe('ok');
    expect(ready.checks['stored-tokens']?.detail).toContain('no longer accepted: 1');
    expect(await (await me('GET', rita)).json()).toMatchObject({
      items: [{ status: 'refused', warning: expect.stringContaining('store a new one') as string }],
    });

    const again = world.standIn.issuePat('rita').token;
    await storePersonalAccessToken(world.gateway, 'jira', 'rita', again);
    expect((await ask(rita, 'stored-anew')).status).toBe(200);
  });

  it('does not mark a token because of one anonymous answer: the application says that it is still good', async () => {
    const rita = await tokenOf('rita');
    const own = world.standIn.issuePat('rita').token;
    await storePersonalAccessToken(world.gateway, 'jira', 'rita', own);
    world.standIn.fail({
      pathPrefix: '/rest/api/2/issue',
      times: 1,
      status: 200,
      headers: { 'X-AUSERNAME': 'anonymous' },
      body: '{}',
    });
    expect((await ask(rita, 'one-hiccup', '/rest/api/2/issue/PUB-1')).status).toBe(403);
    await eventually('the application was asked again', () => world.standIn.last().path === MYSELF);
    expect((await ask(rita, 'after-hiccup', '/rest/api/2/issue/PUB-1')).status).toBe(200);
  });

  it('withholds an anonymous answer also where the identity check is switched off', async () => {
    await world.gateway.admin.call('PATCH', '/applications/jira', { identityCheck: 'off' });
    const bob = await tokenOf('bob');
    const own = world.standIn.issuePat('bob').token;
    await storePersonalAccessToken(world.gateway, 'jira', 'bob', own);
    world.standIn.revokePat(own);
    const answer = await ask(bob, 'check-off', '/rest/api/2/issue/PUB-1');
    expect([answer.status, await answer.text()]).toEqual([403, expect.not.stringContaining('PUB-1')]);
    await world.gateway.admin.call('PATCH', '/applications/jira', { identityCheck: 'strict' });
    expect((await me('DELETE', bob, '/jira')).status).toBe(204);
  });

  it('never shows a stored token', async () => {
    const own = world.standIn.issuePat('alice').token;
    const stored = await storePersonalAccessToken(world.gateway, 'jira', 'alice', own);
    const exported = await world.gateway.admin.send('GET', '/configuration');
    const audited = await world.gateway.admin.send('GET', '/audit/events?limit=100');
    for (const answer of [stored, await me('GET', await tokenOf('alice')), exported, audited]) {
      expect(answer.status).toBe(200);
      expect(await answer.text()).not.toContain(own);
    }
  });
});
