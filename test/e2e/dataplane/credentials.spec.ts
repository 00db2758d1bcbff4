import { standInUser } from '../../support/atlassian/users.js';
import type { RequestRecord } from '../../support/atlassian/types.js';
import { auditOf, basic, callsOf, issueToken } from '../../support/dataplane.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const MYSELF = '/jira/rest/api/2/myself';
const SESSION = '/jira/rest/auth/1/session';
const ECHO = '/jira/rest/standin/1.0/echo';
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
const b64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');

describe('credentials', () => {
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
  const expectRefused = async (answer: Response, status: number, code: string): Promise<void> => {
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({ status, body: { code } });
    expect(calls()).toEqual([]);
  };

  beforeAll(async () => {
    world = await startWorld();
    world.jira.addUser(standInUser('colon', { password: 'pa:ss' }));
  }, 60_000);
  beforeEach(() => {
    world.jira.clearCaptcha('bob');
    mark = callsOf(world.jira).length;
  });
  afterAll(() => world?.stop());

  describe('user name and password', () => {
    it('a Basic field is forwarded as it is, and Jira decides', async () => {
      const answer = await send(MYSELF, {
        Authorization: basic('alice', 'alice-password'),
        'X-Request-Id': 'basic-1',
      });
      expect(answer.status).toBe(200);
      expect(calls()).toMatchObject([{ user: 'alice', authenticatedBy: 'basic' }]);
      expect(answer.headers.getSetCookie()).toEqual([]);
      expect(await auditOf(world.gateway.admin, 'basic-1')).toMatchObject([
        { decision: 'forwarded', user: 'alice', credential: { kind: 'basic' } },
      ]);
    });

    it('B-01 a password may hold a colon', async () => {
      expect((await send(MYSELF, { Authorization: basic('colon', 'pa:ss') })).status).toBe(200);
      expect(calls()).toMatchObject([{ user: 'colon' }]);
    });

    it.each([
      ['B-03 an empty user name', `Basic ${b64(':pw')}`],
      ['B-05 a NUL in the user name', `Basic ${b64('alice\0:pw')}`],
      ['B-07 what is not base64', 'Basic %%%%'],
      ['B-09 wrong padding', 'Basic YWxpY2U6cHc====='],
      ['no colon', `Basic ${b64('alice')}`],
      ['no value', 'Basic'],
      ['another scheme', 'Negotiate YII='],
    ])('%s is 401 and not forwarded', async (_what, field) => {
      const answer = await send(MYSELF, { Authorization: field });
      expect(answer.headers.get('WWW-Authenticate')).toContain('Bearer');
      await expectRefused(answer, 401, 'unsupported_credential');
    });

    it('B-11 the scheme is read without case', async () => {
      const answer = await send(MYSELF, {
        Authorization: basic('alice', 'alice-password').replace('Basic', 'bAsIc'),
      });
      expect(answer.status).toBe(200);
    });

    it('B-15 a wrong password and an unknown user look alike', async () => {
      const wrong = await send(MYSELF, { Authorization: basic('bob', 'nonsense') });
      const unknown = await send(MYSELF, { Authorization: basic('nobody-here', 'nonsense') });
      expect([wrong.status, unknown.status]).toEqual([401, 401]);
      expect(await wrong.text()).toBe(await unknown.text());
      expect(wrong.headers.get('WWW-Authenticate')).toContain('Basic');
      expect([...wrong.headers.keys()].sort()).toEqual([...unknown.headers.keys()].sort());
    });

    it('an anonymous 200 to a password is 401', async () => {
      const answer = await send('/jira/rest/standin/1.0/wrong-user?as=anonymous', {
        Authorization: basic('alice', 'alice-password'),
      });
      expect(answer.status).toBe(401);
      expect(await answer.text()).not.toContain('somebody else');
    });

    it.each([
      ['query', () => send(`${ECHO}?a=1&os_username=alice&os%5Fpassword=alice%2Dpassword&z=2`)],
      [
        'form',
        () =>
          send(
            ECHO,
            { ...FORM, 'X-Atlassian-Token': 'no-check' },
            { method: 'POST', body: 'a=1&os_username=alice&os_password=alice-password&z=2' },
          ),
      ],
    ])('os_username in the %s becomes a Basic field and is gone', async (where, request) => {
      expect((await request()).status).toBe(200);
      const [call] = calls();
      expect(call).toMatchObject({ user: 'alice', authenticatedBy: 'basic' });
      expect(where === 'query' ? call?.target.split('?')[1] : call?.body.toString()).toBe('a=1&z=2');
    });

    it('a wrong os_password is 401, not an anonymous 200', async () => {
      expect((await send('/jira/rest/api/2/serverInfo?os_username=bob&os_password=nonsense')).status).toBe(
        401,
      );
    });

    it('the login resource is forwarded, and gives its session', async () => {
      const answer = await send(
        SESSION,
        { 'Content-Type': 'application/json' },
        {
          method: 'POST',
          body: JSON.stringify({ username: 'alice', password: 'alice-password' }),
        },
      );
      expect(answer.status).toBe(200);
      expect(answer.headers.getSetCookie().join()).toContain('JSESSIONID');
    });

    it('B-13 switched off, it is refused wherever it comes, and API tokens in Basic form go on', async () => {
      const { token } = await issueToken(world.gateway.admin, 'alice');
      await settings({ basicAuthenticationDisabled: true });
      const field = basic('alice', 'alice-password');
      const parameters = 'os_username=alice&os_password=alice-password';
      const forms: [string, Record<string, string>, RequestInit][] = [
        [MYSELF, { Authorization: field }, {}],
        [MYSELF, { Authorization: field.replace('Basic', 'bAsIc') }, {}],
        [`${MYSELF}?${parameters}`, {}, {}],
        [`${MYSELF}?${parameters.replace('os_', '%6Fs_')}`, {}, {}],
        [`/jira/secure/attachment/1/a?${parameters}`, {}, {}],
        [ECHO, FORM, { method: 'POST', body: parameters }],
        [SESSION, { 'Content-Type': 'application/json' }, { method: 'POST', body: '{}' }],
        [
          '/jira/rest/auth/latest/session',
          { 'Content-Type': 'application/json' },
          { method: 'POST', body: '{}' },
        ],
      ];
      for (const [path, headers, init] of forms)
        await expectRefused(await send(path, headers, init), 403, 'basic_disabled');
      expect((await send(MYSELF, { Authorization: basic('alice', token) })).status).toBe(200);
      const challenge = (await send(MYSELF)).headers.get('WWW-Authenticate');
      await settings({ basicAuthenticationDisabled: false });
      expect(challenge).not.toContain('Basic');
    });
  });

  describe('personal access tokens of Jira', () => {
    it('a good one is forwarded as it is and names its user', async () => {
      const { token } = world.jira.issuePat('bob');
      const answer = await send(MYSELF, { Authorization: `Bearer ${token}`, 'X-Request-Id': 'pat-1' });
      expect(await answer.json()).toMatchObject({ name: 'bob' });
      expect(calls().at(-1)).toMatchObject({ user: 'bob', authenticatedBy: 'pat' });
      expect(await auditOf(world.gateway.admin, 'pat-1')).toMatchObject([
        { user: 'bob', credential: { kind: 'pat' } },
      ]);
    });

    it('B-17 a bad one is 401 even for a public API', async () => {
      const bad = b64(`123456789012:${'x'.repeat(20)}`);
      const answer = await send('/jira/rest/api/2/serverInfo', { Authorization: `Bearer ${bad}` });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('WWW-Authenticate')).toContain('error="invalid_token"');
      expect(await answer.json()).toMatchObject({ code: 'pat_rejected' });
    });

    it('B-17 one that was taken back is 401, never an anonymous 200', async () => {
      const { token } = world.jira.issuePat('alice');
      const ask = () => send('/jira/rest/api/2/serverInfo', { Authorization: `Bearer ${token}` });
      expect((await ask()).status).toBe(200);
      world.jira.revokePat(token);
      const answer = await ask();
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ code: 'pat_rejected' });
    });

    it('switched off, they are refused', async () => {
      const { token } = world.jira.issuePat('bob');
      await settings({ personalAccessTokensAllowed: false });
      const answer = await send(MYSELF, { Authorization: `Bearer ${token}` });
      await settings({ personalAccessTokensAllowed: true });
      await expectRefused(answer, 401, 'pat_disabled');
    });
  });
});
