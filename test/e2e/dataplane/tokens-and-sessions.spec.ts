import type { RequestRecord } from '../../support/atlassian/types.js';
import { auditOf, basic, callsOf, issueToken } from '../../support/dataplane.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const MYSELF = '/jira/rest/api/2/myself';

describe('credentials that are not passwords', () => {
  let world: World;
  let mark = 0;
  /** What reached Jira since the test began. Nothing is cleared: the last test searches all of it. */
  const calls = (): RequestRecord[] => callsOf(world.jira).slice(mark);
  const send = (
    path: string,
    headers: Record<string, string> = {},
    init: RequestInit = {},
  ): Promise<Response> => fetch(world.gateway.url + path, { redirect: 'manual', ...init, headers });
  const settings = (change: Record<string, unknown>) =>
    world.gateway.admin.call('PATCH', '/global-settings', change);
  const application = (change: Record<string, unknown>) =>
    world.gateway.admin.call('PATCH', '/applications/jira', change);
  const expectRefused = async (answer: Response, status: number, code: string): Promise<void> => {
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({ status, body: { code } });
    expect(calls()).toEqual([]);
  };

  beforeAll(async () => {
    world = await startWorld();
  }, 60_000);
  beforeEach(() => {
    mark = callsOf(world.jira).length;
  });
  afterAll(() => world?.stop());

  describe('sessions and application links', () => {
    it('a session cookie is forwarded, and what it is answered with too', async () => {
      const answer = await send(MYSELF, {
        Cookie: world.jira.openSession('alice'),
        'X-Request-Id': 'session-1',
      });
      expect(answer.status).toBe(200);
      expect(calls()).toMatchObject([{ user: 'alice', authenticatedBy: 'session' }]);
      expect(await auditOf(world.gateway.admin, 'session-1')).toMatchObject([
        { decision: 'session', credential: { kind: 'session' } },
      ]);
    });

    it('sessionCookies: reject refuses it', async () => {
      await application({ sessionCookies: 'reject' });
      const answer = await send(MYSELF, { Cookie: world.jira.openSession('alice') });
      await application({ sessionCookies: 'forward' });
      await expectRefused(answer, 401, 'session_rejected');
    });

    it('OAuth 1.0a is forwarded as it is, or refused', async () => {
      const field = 'OAuth oauth_consumer_key="other", oauth_token="", oauth_signature="x"';
      await send(MYSELF, { Authorization: field });
      expect(calls().map((each) => each.header('Authorization'))).toEqual([[field]]);
      mark = callsOf(world.jira).length;
      await application({ applicationLinks: 'reject' });
      const answer = await send(MYSELF, { Authorization: field });
      await application({ applicationLinks: 'forward' });
      await expectRefused(answer, 401, 'application_links_rejected');
    });

    it('a cookie beside a credential is dropped both ways', async () => {
      const { token } = await issueToken(world.gateway.admin, 'bob');
      const cookie = world.jira.openSession('admin');
      for (const field of [
        `Bearer ${token}`,
        `Bearer ${world.jira.issuePat('bob').token}`,
        basic('bob', 'bob-password'),
      ]) {
        const answer = await send('/jira/rest/standin/1.0/cookies', { Authorization: field, Cookie: cookie });
        expect(answer.status).toBe(200);
        expect(answer.headers.getSetCookie()).toEqual([]);
        expect(calls().at(-1)).toMatchObject({ user: 'bob' });
        expect(calls().at(-1)?.header('Cookie')).toEqual([]);
      }
    });

    it.each([
      ['Authorization and X-Api-Token', MYSELF, { Authorization: 'Bearer a', 'X-Api-Token': 'rgt_b' }],
      ['Authorization and os_username', `${MYSELF}?os_username=a`, { Authorization: 'Bearer a' }],
      ['X-Api-Token and os_password', `${MYSELF}?os_password=a`, { 'X-Api-Token': 'rgt_b' }],
    ])('%s are ambiguous', async (_what, path, headers) => {
      await expectRefused(await send(path, headers), 400, 'ambiguous_credentials');
    });
  });

  describe('tokens of Restgate and of providers', () => {
    it('an API token works in three forms', async () => {
      const { token } = await issueToken(world.gateway.admin, 'alice');
      const forms = [
        { Authorization: `Bearer ${token}` },
        { Authorization: basic('ALICE', token) },
        { 'X-Api-Token': token },
      ];
      for (const headers of forms) {
        const answer = await send(MYSELF, headers as unknown as Record<string, string>);
        expect(await answer.json()).toMatchObject({ name: 'alice' });
        expect(answer.headers.get('X-Token-Expires-At')).toMatch(/^\d{4}-/);
      }
      await expectRefusedForms(basic('bob', token));
    });

    const expectRefusedForms = async (field: string): Promise<void> => {
      mark = callsOf(world.jira).length;
      const answer = await send(MYSELF, { Authorization: field });
      expect(answer.headers.get('WWW-Authenticate')).toContain('error=');
      expect(answer.status).toBe(401);
      expect(calls()).toEqual([]);
    };

    it('T-03 a revoked token is refused in every spelling, at once', async () => {
      const { id, token } = await issueToken(world.gateway.admin, 'alice');
      expect((await send(MYSELF, { Authorization: `Bearer ${token}` })).status).toBe(200);
      await world.gateway.admin.call('DELETE', `/tokens/${id}`);
      const spellings = [
        `Bearer ${token}`,
        `Bearer ${token}==`,
        `bearer ${token}`,
        `BEARER   ${token}`,
        basic('alice', token),
        basic('alice', `${token}\n`),
        `Bearer ${token},${token}`,
        `Bearer "${token}"`,
        `Token ${token}`,
      ];
      for (const field of spellings) await expectRefusedForms(field);
    });

    it('T-11 a wrong checksum is told from an unknown token', async () => {
      const { token } = await issueToken(world.gateway.admin, 'alice');
      const changed = `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`;
      await expectRefused(await send(MYSELF, { Authorization: `Bearer ${changed}` }), 401, 'token_malformed');
    });

    it('T-13 a token of a provider that is switched off is refused at once', async () => {
      expect((await world.fetch(MYSELF, 'alice')).status).toBe(200);
      const { items } = await world.gateway.admin.call<{ items: { id: string }[] }>('GET', '/providers');
      const path = `/providers/${items[0]?.id}`;
      await world.gateway.admin.call('PATCH', path, { enabled: false });
      mark = callsOf(world.jira).length;
      const answer = await world.fetch(MYSELF, 'alice');
      await world.gateway.admin.call('PATCH', path, { enabled: true });
      await expectRefused(answer, 401, 'oauth_token_rejected');
    });

    it('provider tokens switched off are refused', async () => {
      await settings({ oauthTokensEnabled: false });
      const answer = await world.fetch(MYSELF, 'alice');
      await settings({ oauthTokensEnabled: true });
      await expectRefused(answer, 401, 'oauth_disabled');
    });

    it('none of our own tokens ever went upstream', () => {
      const seen = world.jira.requests.map((each) => [
        each.target,
        each.rawHeaders,
        each.body.toString('latin1'),
      ]);
      expect(seen.length).toBeGreaterThan(10);
      const texts = seen
        .flat(2)
        .flatMap((text) => [text, Buffer.from(text.replace(/^Basic /i, ''), 'base64').toString('latin1')]);
      expect(texts.filter((text) => text.includes('rgt_'))).toEqual([]);
    });
  });
});
