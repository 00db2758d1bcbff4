import { callsOf, auditOf } from '../../support/dataplane.js';
import type { SeenEvent } from '../../support/dataplane.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const MYSELF = '/jira/rest/api/2/myself';

/** The presented token is refused with 401, RFC 6750 fields and nothing sent upstream; answers the audit event. */
async function refusedToken(world: World, token: string, id: string): Promise<SeenEvent> {
  world.jira.clear();
  const answer = await fetch(world.gateway.url + MYSELF, {
    headers: { Authorization: `Bearer ${token}`, 'X-Request-Id': id },
  });
  expect(answer.status).toBe(401);
  expect(answer.headers.get('WWW-Authenticate')).toMatch(/Bearer realm="[^"]+", error="invalid_token"/);
  expect(callsOf(world.jira)).toEqual([]);
  const events = await auditOf(world.gateway.admin, id);
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({ decision: 'denied', status: 401, user: null });
  return events[0] as SeenEvent;
}

describe('the main job with a trusted header and three products', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld({ identity: 'header', products: ['jira', 'confluence', 'bitbucket'] });
  }, 60_000);
  afterAll(() => world?.stop());

  it('A-13 a provider token is forwarded as its user, with exactly one audit event', async () => {
    const answer = await world.fetch(MYSELF, 'alice', { headers: { 'X-Request-Id': 'main-1' } });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ name: 'alice' });
    expect(callsOf(world.jira)).toMatchObject([{ user: 'alice', authenticatedBy: 'trusted-header' }]);
    const events = await auditOf(world.gateway.admin, 'main-1');
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      decision: 'forwarded',
      reason: null,
      user: 'alice',
      status: 200,
      application: 'jira',
      path: '/rest/api/2/myself',
      credential: { kind: 'oauth' },
      clientIp: '127.0.0.1',
    });
    expect(events[0]?.configVersion).toEqual(expect.any(Number));
    expect(events[0]?.durationMs).toEqual(expect.any(Number));
  });

  it.each([
    ['confluence', '/confluence/rest/api/user/current'],
    ['bitbucket', '/bitbucket/rest/api/1.0/users/alice'],
  ] as const)('the same token works for %s', async (product, path) => {
    const answer = await world.fetch(path, 'alice');
    expect({ status: answer.status, text: await answer.text() }).toEqual({
      status: 200,
      text: expect.stringContaining('alice'),
    });
    expect(world[product]?.last().user).toBe('alice');
  });

  it.each([
    [
      'a foreign audience',
      'token_audience',
      (w: World) =>
        w.provider.signJwt(
          w.provider.accessTokenClaims('alice', { aud: 'https://other.example', client_id: 'other-app' }),
        ),
    ],
    [
      'an expired token',
      'token_expired',
      (w: World) =>
        w.provider.signJwt(w.provider.accessTokenClaims('alice', { iat: 1_600_000_000, exp: 1_600_003_600 })),
    ],
    [
      'an ID token',
      'token_type_rejected',
      async (w: World) => (await w.provider.fetchToken({ user: 'alice' })).id_token as string,
    ],
    [
      'a refresh token',
      'oauth_token_rejected',
      async (w: World) =>
        (await w.provider.fetchToken({ user: 'alice', scope: 'openid offline_access' }))
          .refresh_token as string,
    ],
    [
      'an opaque token of another client',
      'oauth_token_rejected',
      (w: World) => w.provider.fetchOpaque('alice', 'other-app'),
    ],
    ['garbage', 'oauth_token_rejected', () => 'garbage'],
    ['a JWT that nobody signed', 'oauth_token_rejected', () => 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.'],
  ] as const)('A-13 %s is 401 %s and never forwarded', async (what, reason, make) => {
    const token = await make(world);
    expect(token).toEqual(expect.any(String));
    expect((await refusedToken(world, token, `bad-${what.replaceAll(' ', '-')}`)).reason).toBe(reason);
  });

  it('no credential is 401 without an error code (RFC 6750 section 3.1)', async () => {
    world.jira.clear();
    const answer = await fetch(world.gateway.url + MYSELF, { headers: { 'X-Request-Id': 'none-1' } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('WWW-Authenticate')).toContain('Bearer');
    expect(answer.headers.get('WWW-Authenticate')).not.toContain('error=');
    expect(world.jira.requests).toEqual([]);
    const events = await auditOf(world.gateway.admin, 'none-1');
    expect(events).toMatchObject([
      { decision: 'denied', reason: 'authentication_required', user: null, credential: { kind: 'none' } },
    ]);
  });

  it('errors have the shape of each product', async () => {
    const send = async (path: string) => {
      const answer = await fetch(world.gateway.url + path, { headers: { 'X-Request-Id': 'shape' } });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('Content-Type')).toContain('application/json');
      expect(answer.headers.get('X-Request-Id')).toBe('shape');
      return answer.json();
    };
    const ours = { code: 'authentication_required', requestId: 'shape', hint: expect.any(String) };
    const message = expect.stringContaining('Authentication is required');
    expect(await send(MYSELF)).toEqual({ errorMessages: [message], errors: {}, ...ours });
    expect(await send('/confluence/rest/api/user/current')).toEqual({ statusCode: 401, message, ...ours });
    expect(await send('/bitbucket/rest/api/1.0/admin/users')).toEqual({
      errors: [{ context: null, message, exceptionName: null }],
      ...ours,
    });
  });

  it.each([['sane-id.1'], ['a'.repeat(128)]])(
    'a sane request id %s is kept and passed upstream',
    async (id) => {
      const answer = await world.fetch(MYSELF, 'alice', { headers: { 'X-Request-Id': id } });
      expect(answer.headers.get('X-Request-Id')).toBe(id);
      expect(world.jira.last().header('X-Request-Id')).toEqual([id]);
    },
  );

  it.each([['"><script>'], ['a'.repeat(129)], ['two words']])(
    'a request id like %s is replaced',
    async (id) => {
      const answer = await world.fetch(MYSELF, 'alice', { headers: { 'X-Request-Id': id } });
      const made = answer.headers.get('X-Request-Id');
      expect(made).toMatch(/^[0-9a-f-]{36}$/);
      expect(world.jira.last().header('X-Request-Id')).toEqual([made]);
    },
  );

  it.each([
    ['stranger', 'user_unknown'],
    ['ivan', 'user_inactive'],
  ])('%s is refused with 403 %s', async (user, reason) => {
    const id = `who-${user}`;
    const answer = await world.fetch(MYSELF, user, { headers: { 'X-Request-Id': id } });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ code: reason });
    expect(await auditOf(world.gateway.admin, id)).toMatchObject([
      { decision: 'denied', reason, credential: { kind: 'oauth' } },
    ]);
  });

  it('A-13 a public API is answered without a credential, as nobody', async () => {
    world.jira.clear();
    const answer = await world.fetch('/jira/rest/api/2/serverInfo', undefined, {
      headers: { 'X-Request-Id': 'public-1' },
    });
    expect(answer.status).toBe(200);
    expect(callsOf(world.jira)).toMatchObject([{ user: null, authenticatedBy: 'anonymous' }]);
    expect(await auditOf(world.gateway.admin, 'public-1')).toMatchObject([
      { decision: 'anonymous', reason: null, user: null },
    ]);
  });

  it('an unknown application is 404 and audited', async () => {
    const answer = await world.fetch('/elsewhere/rest/api', 'alice', {
      headers: { 'X-Request-Id': 'nowhere-1' },
    });
    expect(answer.status).toBe(404);
    expect(await auditOf(world.gateway.admin, 'nowhere-1')).toMatchObject([
      { decision: 'denied', reason: 'unknown_application', application: null },
    ]);
  });

  it('the identity mode none has no way to act as the user', async () => {
    const before = await world.gateway.admin.call<{ identity: unknown }>('GET', '/applications/confluence');
    await world.gateway.admin.call('PATCH', '/applications/confluence', { identity: { mode: 'none' } });
    world.confluence?.clear();
    const answer = await world.fetch('/confluence/rest/api/user/current', 'alice', {
      headers: { 'X-Request-Id': 'none-mode' },
    });
    expect(before.identity).toMatchObject({ mode: 'header' });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ statusCode: 403, code: 'identity_not_configured' });
    expect(callsOf(world.confluence as NonNullable<World['confluence']>)).toEqual([]);
    expect(await auditOf(world.gateway.admin, 'none-mode')).toMatchObject([
      { decision: 'denied', reason: 'identity_not_configured', user: 'alice' },
    ]);
  });

  it('with the master switch off requests pass as they came, but for our own tokens', async () => {
    const { admin } = world.gateway;
    const made = await admin.call<{ token: string }>('POST', '/tokens', {
      username: 'alice',
      name: 'x',
      scope: 'write',
      expiresInDays: 1,
    });
    await admin.call('PATCH', '/global-settings', { restApiAuthenticationEnabled: false });
    world.jira.clear();
    const send = (path: string, headers: Record<string, string>) =>
      fetch(world.gateway.url + path, { headers });
    const own = `Basic ${Buffer.from('alice:alice-password').toString('base64')}`;
    const answer = await send(MYSELF, {
      Authorization: own,
      'X-Restgate-User': 'admin',
      'X-Request-Id': 'off-1',
    });
    await send('/jira/rest/api/2/serverInfo', { Authorization: `Bearer ${made.token}` });
    await send('/jira/rest/api/2/serverInfo', { 'X-Api-Token': made.token });
    await send(`/jira/rest/api/2/serverInfo?os_username=alice&os_password=${made.token}`, {});
    await admin.call('PATCH', '/global-settings', { restApiAuthenticationEnabled: true });
    expect(answer.status).toBe(200);
    expect(callsOf(world.jira).map((each) => each.user)).toEqual(['alice', null, null, null]);
    expect(JSON.stringify(world.jira.requests.map((each) => [each.target, each.rawHeaders]))).not.toContain(
      'rgt_',
    );
    expect(await auditOf(admin, 'off-1')).toMatchObject([
      { decision: 'passed-through', reason: null, status: 200 },
    ]);
  });
});

describe('the main job with OAuth 1.0a and introspection', () => {
  let world: World;
  const opaque = async (user: string): Promise<Record<string, string>> => ({
    Authorization: `Bearer ${await world.provider.fetchOpaque(user)}`,
  });

  beforeAll(async () => {
    world = await startWorld({ identity: 'oauth1', validation: 'introspection' });
  }, 60_000);
  afterAll(() => world?.stop());

  it.each([['alice'], ["o'brien+x@example.com"], ['zoë']])('Jira sees %s', async (user) => {
    if (user === 'zoë')
      world.provider.users.push({ ...world.provider.users[0], username: 'zoë', sub: 'sub-zoe' } as never);
    const answer = await fetch(world.gateway.url + MYSELF, { headers: await opaque(user) });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ name: user });
    expect(world.jira.last()).toMatchObject({ user, authenticatedBy: 'oauth1' });
    expect(world.jira.last().header('X-Restgate-User')).toEqual([]);
  });

  it('A-13 an opaque token of another client is 401 token_audience', async () => {
    const event = await refusedToken(
      world,
      await world.provider.fetchOpaque('alice', 'other-app'),
      'opaque-other',
    );
    expect(event.reason).toBe('token_audience');
  });

  it('a token that the provider took back is 401', async () => {
    const token = await world.provider.fetchOpaque('bob');
    await world.provider.revoke(token);
    await refusedToken(world, token, 'opaque-revoked');
  });

  it('the query and its order survive the signature', async () => {
    const query = '?b=2&a=1&a=0&plus=a+b&sp=a%20b&empty=&flag&u=%C3%BC';
    const answer = await fetch(`${world.gateway.url}/jira/rest/standin/1.0/echo${query}`, {
      headers: await opaque('alice'),
    });
    expect(answer.status).toBe(200);
    expect(world.jira.last().user).toBe('alice');
    expect(world.jira.last().target).toContain(query.slice(1));
  });
});
