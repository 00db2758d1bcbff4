import { auditOf, basic, issueToken } from '../../support/dataplane.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const ISSUE = '/jira/rest/api/2/issue/X-1';
const NATIVE_429 = {
  pathPrefix: '/rest/api/2/issue',
  status: 429,
  headers: {
    'X-RateLimit-Limit': '0',
    'X-RateLimit-Remaining': '0',
    'X-RateLimit-FillRate': '0',
    'X-RateLimit-Interval-Seconds': '3600',
    'Retry-After': '9223372036854775807',
  },
  body: '<html>Rate limit exceeded.</html>',
};

describe('what the application refuses by itself', () => {
  let world: World;
  let alice: string;
  const ask = (authorization: string, id: string) =>
    fetch(world.gateway.url + ISSUE, { headers: { Authorization: authorization, 'X-Request-Id': id } });

  beforeAll(async () => {
    world = await startWorld({ withoutProvider: true });
    alice = `Bearer ${(await issueToken(world.gateway.admin, 'alice')).token}`;
  }, 60_000);
  beforeEach(() => world.jira.clear());
  afterAll(() => world?.stop());

  it.each(['a token', 'a password'])('its rate limit is told in our words to who sends %s', async (what) => {
    world.jira.fail(NATIVE_429);
    const id = `native-${what.replace(' ', '-')}`;
    const answer = await ask(what === 'a token' ? alice : basic('bob', 'bob-password'), id);
    const body = (await answer.json()) as { code: string; hint: string };
    expect([answer.status, body.code]).toEqual([429, 'rate_limited']);
    expect(body.hint).toContain("the application's own limit");
    // A blocked user is told a number that clients can count with, and what clients of Jira read is there.
    expect(answer.headers.get('Retry-After')).toBe('86400');
    expect(answer.headers.get('X-RateLimit-FillRate')).toBe('0');
    expect(answer.headers.get('X-RateLimit-Interval-Seconds')).toBe('3600');
    expect(await auditOf(world.gateway.admin, id)).toMatchObject([
      { decision: 'denied', reason: 'rate_limited', status: 429, detail: "the application's own rate limit" },
    ]);
  });

  it('needs no user name in it to be believed, for its body is withheld', async () => {
    world.jira.fail({ ...NATIVE_429, headers: { 'Retry-After': '7', 'X-AUSERNAME': 'anonymous' } });
    const answer = await ask(alice, 'native-anonymous');
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([429, '7']);
  });

  it('is told so to the caller with a personal access token, too', async () => {
    const own = world.jira.issuePat('alice').token;
    expect((await ask(`Bearer ${own}`, 'warm-up')).status).toBe(200);
    world.jira.fail(NATIVE_429);
    const answer = await ask(`Bearer ${own}`, 'native-pat');
    expect([answer.status, await answer.json()]).toEqual([
      429,
      expect.objectContaining({ code: 'rate_limited' }),
    ]);
  });

  it('a login locked by a CAPTCHA is told as that, and a token goes on', async () => {
    for (let i = 0; i < 3; i++) {
      await fetch(`${world.jira.url}/rest/api/2/myself`, {
        headers: { Authorization: basic('alice', 'wrong') },
      });
    }
    const answer = await ask(basic('alice', 'alice-password'), 'captcha');
    const body = (await answer.json()) as { code: string; hint: string; errorMessages: string[] };
    expect([answer.status, body.code]).toEqual([403, 'authentication_required']);
    expect(body.hint).toContain('CAPTCHA');
    expect(body.errorMessages.join()).toContain('API token');
    expect(await auditOf(world.gateway.admin, 'captcha')).toMatchObject([
      {
        decision: 'denied',
        reason: 'authentication_required',
        status: 403,
        detail: expect.stringContaining('CAPTCHA') as string,
      },
    ]);
    expect((await ask(alice, 'captcha-token')).status).toBe(200);
    world.jira.clearCaptcha('alice');
  });

  it('a 403 of the application about the call itself stays as it is', async () => {
    world.jira.fail({
      pathPrefix: '/rest/api/2/issue',
      status: 403,
      headers: { 'X-AUSERNAME': 'alice' },
      body: 'no permission',
    });
    const answer = await ask(alice, 'own-403');
    expect([answer.status, await answer.text()]).toEqual([403, 'no permission']);
  });
});
