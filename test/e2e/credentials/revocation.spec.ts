import { eventually, issueToken } from '../../support/dataplane.js';
import { startTestRestgate } from '../../support/restgate.js';
import type { TestRestgate } from '../../support/restgate.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const MYSELF = '/jira/rest/api/2/myself';
const REVOCATIONS = Number(process.env['REVOCATIONS'] ?? 10);
const POLL_MS = 100;
/** How long the directory is believed without asking again: docs/tokens.md states it. */
const DIRECTORY_FRESH_MS = 60_000;

const pause = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

describe('what was taken back', () => {
  let world: World;
  let second: TestRestgate;
  let passed = 0;

  beforeAll(async () => {
    // Before the nodes are made, which keep the clock that they find.
    const now = Date.now.bind(Date);
    jest.spyOn(Date, 'now').mockImplementation(() => now() + passed);
    world = await startWorld();
    await world.gateway.admin.call('PUT', '/rate-limit', { failedAuthentications: { perMinute: 100_000 } });
    second = await startTestRestgate({ databaseUrl: world.gateway.databaseUrl });
  }, 60_000);

  afterAll(async () => {
    await second?.stop();
    await world?.stop();
    jest.restoreAllMocks();
  });

  const ask = async (node: TestRestgate, token: string): Promise<{ status: number; code?: string }> => {
    const answer = await fetch(node.url + MYSELF, { headers: { Authorization: `Bearer ${token}` } });
    const { code } = (await answer.json()) as { code?: string };
    return { status: answer.status, code };
  };

  /** As if the time had passed for which the directory is believed; tokens of the tests live longer. */
  function aMinuteLater(): void {
    passed += DIRECTORY_FRESH_MS + 1;
  }

  it('T-01 a token that is revoked on one node is refused on the other, which is asked every 100 ms', async () => {
    const delays: number[] = [];
    for (let i = 0; i < REVOCATIONS; i++) {
      const { id, token } = await issueToken(world.gateway.admin, 'alice');
      await eventually('the token on the other node', async () => (await ask(second, token)).status === 200);
      await pause(Math.random() * POLL_MS);
      await world.gateway.admin.call('DELETE', `/tokens/${id}`);
      const revokedAt = performance.now();
      expect(await ask(world.gateway, token)).toEqual({ status: 401, code: 'token_unknown' });
      await eventually('the revocation on the other node', async () => {
        const { status } = await ask(second, token);
        if (status !== 401) await pause(POLL_MS);
        return status === 401;
      });
      delays.push(performance.now() - revokedAt);
    }
    delays.sort((a, b) => a - b);
    const at = (share: number): number => Math.round(delays[Math.ceil(delays.length * share) - 1] as number);
    if (process.env['REVOCATIONS'])
      process.stdout.write(
        `revocations ${delays.length}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms\n`,
      );
    expect(delays).toHaveLength(REVOCATIONS);
  }, 240_000);

  it('T-05 who is made inactive in Jira is refused within the minute that the directory is believed', async () => {
    const { token } = await issueToken(world.gateway.admin, 'bob');
    const tokens = [token, await world.tokenOf('bob'), world.jira.issuePat('bob').token];
    for (const each of tokens) expect((await ask(world.gateway, each)).status).toBe(200);
    world.jira.setUserActive('bob', false);
    aMinuteLater();
    const answers = await Promise.all(tokens.map((each) => ask(world.gateway, each)));
    world.jira.setUserActive('bob', true);
    expect(answers.map(({ status }) => [401, 403].includes(status))).toEqual([true, true, true]);
    expect(answers.slice(0, 2)).toEqual([
      { status: 403, code: 'user_inactive' },
      { status: 403, code: 'user_inactive' },
    ]);
  });

  it('T-05 who is deleted in Jira is refused within the same minute', async () => {
    const { token } = await issueToken(world.gateway.admin, 'admin');
    expect((await ask(world.gateway, token)).status).toBe(200);
    world.jira.directory.remove('admin');
    aMinuteLater();
    expect(await ask(world.gateway, token)).toEqual({ status: 403, code: 'user_unknown' });
  });

  it('T-05 who leaves the group with API access is refused within the same minute', async () => {
    const apiAccess = { enabled: true, groups: ['developers'] };
    await world.gateway.admin.call('PUT', '/restrictions/groups', { apiAccess });
    const { token } = await issueToken(world.gateway.admin, 'alice');
    expect((await ask(world.gateway, token)).status).toBe(200);
    world.jira.setUserGroups('alice', ['jira-users']);
    aMinuteLater();
    const answer = await ask(world.gateway, token);
    world.jira.setUserGroups('alice', ['jira-users', 'developers']);
    await world.gateway.admin.call('PUT', '/restrictions/groups', {});
    expect(answer).toEqual({ status: 403, code: 'group_not_allowed' });
  });

  it('T-13 a cached token of a provider that is switched off or deleted is refused at once', async () => {
    const { admin } = world.gateway;
    const token = await world.tokenOf('rita');
    expect((await ask(world.gateway, token)).status).toBe(200);
    const { items } = await admin.call<{ items: { id: string }[] }>('GET', '/providers');
    const path = `/providers/${items[0]?.id}`;
    await admin.call('PATCH', path, { enabled: false });
    expect(await ask(world.gateway, token)).toEqual({ status: 401, code: 'oauth_token_rejected' });
    await admin.call('PATCH', path, { enabled: true });
    expect((await ask(world.gateway, token)).status).toBe(200);
    await admin.call('DELETE', path);
    expect(await ask(world.gateway, token)).toEqual({ status: 401, code: 'oauth_token_rejected' });
    await eventually('the same on the other node', async () => (await ask(second, token)).status === 401);
  });
});
