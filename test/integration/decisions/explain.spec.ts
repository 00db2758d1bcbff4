import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

interface Step {
  step: string;
  outcome: string;
  reason: string | null;
  detail: string | null;
}
interface Explanation {
  decision: string;
  kind: string | null;
  reason: string | null;
  status: number | null;
  canonicalPath: string;
  classification: string;
  credential: string;
  principal: { username: string; groups: string[]; scope: string | null } | null;
  wouldDeny: string[];
  steps: Step[];
  accepted?: boolean;
  message: string;
}

describe('explain', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld({ products: ['jira', 'bitbucket'] });
  }, 60_000);

  afterAll(() => world.stop());

  const explain = (body: object): Promise<Explanation> =>
    world.gateway.admin.call('POST', '/decisions', body);
  const ask = (path: string, more: object = {}): Promise<Explanation> =>
    explain({ application: 'jira', method: 'GET', path, ...more });
  const outcomes = ({ steps }: Explanation): string[] =>
    steps.map(({ step, outcome }) => `${step}: ${outcome}`);

  it('says what happens to a token of the provider, step by step, and forwards nothing', async () => {
    const before = world.jira.requests.length;
    const credential = { scheme: 'bearer', token: await world.tokenOf('alice') };
    const answer = await ask('/rest/api/2/myself', { credential });
    expect(answer).toMatchObject({
      decision: 'forward',
      kind: 'forwarded',
      reason: null,
      canonicalPath: '/rest/api/2/myself',
      classification: 'read',
      credential: 'oauth',
      principal: { username: 'alice' },
    });
    expect(outcomes(answer)).toEqual([
      'framing: continue',
      'application: continue',
      'master-switch: continue',
      'address: continue',
      'bypass: continue',
      'credential: continue',
      'public-api: continue',
      'authentication: continue',
      'permission: continue',
      'rate-limit: continue',
      'allowed: forward',
      'identity: forward',
    ]);
    expect(world.jira.requests.slice(before).filter(({ path }) => path.includes('myself'))).toEqual([]);
    expect(JSON.stringify(answer)).not.toContain(credential.token);
  });

  it('explains for a user without a credential', async () => {
    const answer = await ask('/rest/api/2/issue', { username: 'ALICE', method: 'POST' });
    expect(answer).toMatchObject({
      decision: 'forward',
      classification: 'write',
      principal: { username: 'alice' },
    });
    expect(answer.steps.filter(({ outcome }) => outcome === 'skipped').map(({ step }) => step)).toEqual([
      'credential',
      'public-api',
      'authentication',
    ]);
    expect(await ask('/rest/api/2/issue', { username: 'nobody-here' })).toMatchObject({
      decision: 'deny',
      reason: 'user_unknown',
      status: 403,
    });
  });

  it('explains anonymous calls', async () => {
    expect(await ask('/rest/api/2/serverInfo')).toMatchObject({ decision: 'forward', kind: 'anonymous' });
    expect(await ask('/rest/api/2/issue/X-1')).toMatchObject({
      decision: 'deny',
      reason: 'authentication_required',
      status: 401,
    });
    expect(await ask('/browse/X-1')).toMatchObject({ decision: 'forward', kind: 'passed-through' });
  });

  it('takes a path as callers write it, with prefix and query', async () => {
    const answer = await ask('/bitbucket/scm/p/r.git/info/refs?service=git-receive-pack', {
      application: 'bitbucket',
      username: 'alice',
    });
    expect(answer).toMatchObject({ canonicalPath: '/scm/p/r.git/info/refs', classification: 'write' });
  });

  it.each(['/rest/../secret', '/rest//api', '/rest/%2e%2e/x', '/rest;x/api', '/rest/%2Fapi'])(
    'tells that framing refuses %s',
    async (path) => {
      const answer = await ask(path, { username: 'alice' });
      expect(answer).toMatchObject({ decision: 'deny', reason: 'malformed_path', status: 400 });
      expect(outcomes(answer)).toEqual(['framing: deny']);
    },
  );

  it('names the rule that refuses, and the rules in report mode', async () => {
    const rules = { apiAccess: { enabled: true, groups: ['nobodys-group'] } };
    await world.gateway.admin.call('PUT', '/restrictions/groups', rules);
    const refused = await ask('/rest/api/2/myself', { username: 'alice' });
    await world.gateway.admin.call('PUT', '/restrictions/groups', { ...rules, mode: 'report' });
    const watched = await ask('/rest/api/2/myself', { username: 'alice' });
    await world.gateway.admin.call('PUT', '/restrictions/groups', {});
    expect(refused).toMatchObject({ decision: 'deny', reason: 'group_not_allowed' });
    expect(refused.steps.at(-1)).toMatchObject({ step: 'permission', outcome: 'deny' });
    expect(watched).toMatchObject({ decision: 'forward', wouldDeny: ['group_not_allowed'] });
  });

  it('asks the rules for the address that is given', async () => {
    const settings = { enabled: true, allowed: ['127.0.0.1', '203.0.113.0/24'] };
    await world.gateway.admin.call('PUT', '/restrictions/ip', settings);
    const inside = await ask('/rest/api/2/serverInfo', { clientIp: '203.0.113.7' });
    const outside = await ask('/rest/api/2/serverInfo', { clientIp: '2001:db8::1' });
    await world.gateway.admin.call('PUT', '/restrictions/ip', {});
    expect(inside.decision).toBe('forward');
    expect(outside).toMatchObject({ decision: 'deny', reason: 'ip_not_allowed' });
  });

  it('explains an audited request by its id', async () => {
    const requestId = `explain-${Date.now()}`;
    await world.fetch('/jira/rest/api/2/myself?expand=groups', 'alice', {
      headers: { 'X-Request-Id': requestId },
    });
    const id = await auditedId(requestId);
    const answer = await explain({ eventId: id });
    expect(answer).toMatchObject({
      decision: 'forward',
      canonicalPath: '/rest/api/2/myself',
      principal: { username: 'alice' },
    });
    expect(
      (await world.gateway.admin.send('POST', '/decisions', { eventId: id, username: 'bob' })).status,
    ).toBe(400);
    const unknown = '019a0000-0000-7000-8000-000000000009';
    expect((await world.gateway.admin.send('POST', '/decisions', { eventId: unknown })).status).toBe(404);
  });

  it.each([
    [{ method: 'GET', path: '/x' }, 'application'],
    [{ application: 'jira' }, 'path'],
    [{ application: 'none', path: '/x' }, 'application'],
    [{ application: 'jira', path: 'x' }, 'path'],
    [{ application: 'jira', path: '/x', method: 'G ET' }, 'method'],
    [{ application: 'jira', path: '/x', clientIp: '10.0.0' }, 'clientIp'],
    [
      { application: 'jira', path: '/x', username: 'a', credential: { scheme: 'bearer', token: 'x' } },
      'username',
    ],
    [{ application: 'jira', path: '/x', credential: { scheme: 'digest', token: 'x' } }, 'credential.scheme'],
  ])('refuses the question %j and names the field', async (body, field) => {
    const answer = await world.gateway.admin.send('POST', '/decisions', body);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(`"field":"${field}"`);
  });

  async function auditedId(requestId: string): Promise<string> {
    for (let i = 0; i < 100; i++) {
      const { items } = await world.gateway.admin.call<{ items: { id: string; requestId: string }[] }>(
        'GET',
        '/audit/events?path=/rest/api/2/myself&limit=50',
      );
      const found = items.find((item) => item.requestId === requestId);
      if (found) return found.id;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('The request was not audited.');
  }

  describe('of a token test', () => {
    const test = (body: object): Promise<Explanation> =>
      world.gateway.admin.call('POST', '/token-tests', body);

    it('says that a good token is accepted, as whom, and how it was verified', async () => {
      const token = await world.tokenOf('alice');
      const answer = await test({ scheme: 'bearer', token: `Bearer ${token}` });
      expect(answer).toMatchObject({
        accepted: true,
        reason: null,
        credential: 'oauth',
        principal: { username: 'alice' },
      });
      expect(answer.steps.some(({ step }) => step.startsWith('token: '))).toBe(true);
      expect(JSON.stringify(answer)).not.toContain(token);
    });

    it('says why a bad one is not', async () => {
      const token = await world.tokenOf('alice');
      const answer = await test({ scheme: 'bearer', token: `${token.slice(0, -8)}AAAAAAAA` });
      expect(answer).toMatchObject({ accepted: false, decision: 'deny', status: 401, principal: null });
    });

    it('tests an API token, whichever way it is sent', async () => {
      const { token } = await world.gateway.admin.call<{ token: string }>('POST', '/tokens', {
        username: 'alice',
        name: 'explain',
        scope: 'read',
      });
      expect(await test({ scheme: 'bearer', token })).toMatchObject({
        accepted: true,
        credential: 'api-token',
        principal: { scope: 'read' },
      });
      expect(await test({ scheme: 'basic', token, username: 'alice' })).toMatchObject({ accepted: true });
      expect(await test({ scheme: 'basic', token, username: 'bob' })).toMatchObject({
        accepted: false,
        reason: 'token_owner_mismatch',
      });
      expect(
        await test({ scheme: 'bearer', token, method: 'post', path: '/rest/api/2/issue' }),
      ).toMatchObject({
        accepted: false,
        reason: 'token_scope',
        classification: 'write',
      });
      expect(await test({ scheme: 'bearer', token: `${token.slice(0, -1)}!` })).toMatchObject({
        accepted: false,
        reason: 'token_malformed',
      });
    });

    it('keeps nothing of what was pasted, neither in the audit log nor in the settings', async () => {
      const secret = `pasted-${Date.now()}-secret`;
      await test({ scheme: 'basic', token: secret, username: 'alice' });
      await ask('/rest/api/2/myself', { credential: { scheme: 'bearer', token: secret } });
      const [events, configuration] = await Promise.all([
        world.gateway.admin.call('GET', '/audit/events?limit=500'),
        world.gateway.admin.call('GET', '/configuration'),
      ]);
      expect(JSON.stringify([events, configuration])).not.toContain(secret);
    });

    it('counts no failure against the address', async () => {
      for (let i = 0; i < 30; i++)
        await test({ scheme: 'bearer', token: 'rgt_nonsense', clientIp: '127.0.0.1' });
      expect((await world.fetch('/jira/rest/api/2/myself', 'alice')).status).toBe(200);
    });
  });
});
