import { MintedPats } from '../../../src/modules/identity/minted-pats.service.js';
import type { StandInProduct } from '../../support/atlassian/types.js';
import { startClientWorld } from '../../support/client-world.js';
import type { ClientWorld } from '../../support/client-world.js';
import { eventually, issueToken } from '../../support/dataplane.js';

const PATHS: Record<StandInProduct, string> = {
  jira: '/rest/api/2/myself',
  confluence: '/rest/api/user/current',
  bitbucket: '/rest/api/latest/projects',
};
const FAST = { mode: 'oauth1', consumerKey: 'restgate', mintedPat: { enabled: true } };
const SLOW = { mode: 'oauth1', consumerKey: 'restgate' };
const NAME = /^Restgate fast path /;

describe.each(['jira', 'confluence', 'bitbucket'] as const)('the fast path of oauth1 for %s', (product) => {
  let world: ClientWorld;
  let alice: string;
  let reads = 0;
  const ask = (method = 'GET', token = alice, path = PATHS[product]): Promise<Response> =>
    fetch(world.url + path, { method, headers: { Authorization: `Bearer ${token}` } });
  /** How this one read came; what Restgate asks with a new token before it is used does not count. */
  const readBy = async (token = alice): Promise<string | undefined> => {
    const mark = `read=${(reads += 1)}`;
    expect((await ask('GET', token, `${PATHS[product]}?${mark}`)).status).toBe(200);
    // A signature follows in the query.
    return world.standIn.requests.findLast(({ target }) => target.split(/[?&]/).includes(mark))
      ?.authenticatedBy;
  };
  const identity = (value: object): Promise<unknown> =>
    world.gateway.admin.call('PATCH', `/applications/${product}`, { identity: value });
  const minted = (user = 'alice'): string[] => world.standIn.patsOf(user).filter((name) => NAME.test(name));
  const onceFast = (token = alice): Promise<unknown> =>
    eventually('a read goes with a token', async () => (await readBy(token)) === 'pat');
  const audited = async (): Promise<string[]> => {
    const { items } = await world.gateway.admin.call<{ items: { target: string; detail: string }[] }>(
      'GET',
      '/audit/events?category=admin&limit=100',
    );
    return items.filter(({ target }) => target.includes('/minted-token/')).map(({ detail }) => detail);
  };

  beforeEach(async () => {
    world = await startClientWorld({ identity: 'oauth1', product, settings: { identity: FAST } });
    alice = (await issueToken(world.gateway.admin, 'alice')).token;
  }, 60_000);
  afterEach(() => world?.stop());

  it('is off until an admin switches it on', async () => {
    await identity(SLOW);
    for (let i = 0; i < 3; i++) expect(await readBy()).toBe('oauth1');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([await readBy(), world.standIn.patsOf('alice')]).toEqual(['oauth1', []]);
  });

  it('signs the first read, makes one token in the background, and reads with it from then on', async () => {
    expect((await ask()).status).toBe(200);
    expect(world.standIn.requests.some((each) => each.user === 'alice' && each.path === PATHS[product])).toBe(
      true,
    );
    await Promise.all(Array.from({ length: 20 }, () => ask()));
    await onceFast();
    expect(world.standIn.last()).toMatchObject({ user: 'alice', authenticatedBy: 'pat' });
    expect(minted()).toHaveLength(1);
    const told = await eventually(
      'the token is audited',
      async () => (await audited()).length > 0 && audited(),
    );
    expect(told).toEqual([expect.stringMatching(/^Restgate made a token \(id \d+\) as this user\.$/)]);
  });

  it('signs every write', async () => {
    await onceFast();
    await fetch(world.url + PATHS[product], {
      method: 'POST',
      headers: { Authorization: `Bearer ${alice}`, 'Content-Type': 'application/json' },
      body: '{}',
    });
    expect(world.standIn.last()).toMatchObject({ method: 'POST', authenticatedBy: 'oauth1', user: 'alice' });
  });

  it('goes on by OAuth 1.0a within the same request when the token was taken back, and does not ask for another one', async () => {
    await onceFast();
    for (const { id } of world.standIn.state.tokens.ofUser('alice')) world.standIn.revokePat(id);
    world.standIn.clear();
    const answer = await ask();
    expect(answer.status).toBe(200);
    expect(world.standIn.requestsTo(PATHS[product]).map((each) => each.authenticatedBy)).toEqual([
      'anonymous',
      'oauth1',
    ]);
    expect([await readBy(), minted()]).toEqual(['oauth1', []]);
  });

  it('takes the tokens back when it is switched off, and when the application goes', async () => {
    await onceFast();
    await identity(SLOW);
    await eventually('the token is gone', () => minted().length === 0);
    expect(await readBy()).toBe('oauth1');
    const told = await eventually(
      'the end is audited',
      async () => (await audited()).length > 1 && audited(),
    );
    expect(told.join('\n')).toContain('was revoked: the application was changed');

    await identity(FAST);
    await onceFast();
    await world.gateway.admin.send('DELETE', `/applications/${product}`);
    await eventually('the token is gone', () => minted().length === 0);
  });

  it('takes the token of a deactivated user out of use, and says so where it cannot be taken back', async () => {
    await onceFast();
    world.standIn.setUserActive('alice', false);
    // A change of the directory's account empties its cache; the tokens are left alone by it.
    const account = { kind: 'application', username: 'svc-restgate' };
    for (const password of ['for a moment', 'svc-restgate-password']) {
      const directory = { ...account, password };
      await world.gateway.admin.call('PATCH', `/applications/${product}`, { directory });
    }
    expect(minted()).toHaveLength(1);
    await world.gateway.restgate.app.get(MintedPats, { strict: false }).sweep(Date.now());
    // Confluence's REST API does not tell who is active: there the next read finds it out.
    if (product === 'confluence') expect((await ask()).status).not.toBe(200);
    const told = await eventually(
      'the end is audited',
      async () => (await audited()).length > 1 && audited(),
    );
    expect(told.join('\n')).toMatch(
      /could not be revoked and ends at .*: (the user is not active any more|the application no longer accepted it)/,
    );
  });

  it('takes back what nobody uses for half an hour', async () => {
    await onceFast();
    await world.gateway.restgate.app.get(MintedPats, { strict: false }).sweep(Date.now() + 1_800_001);
    await eventually('the token is gone', () => minted().length === 0);
  });

  it('leaves no token behind when it stops, and takes over what a killed process left', async () => {
    await onceFast();
    const name = minted()[0] as string;
    const leftover = world.standIn.issuePat('bob', { name });
    const foreign = world.standIn.issuePat('bob', { name: 'his own' });
    const bob = (await issueToken(world.gateway.admin, 'bob')).token;
    await onceFast(bob);
    const ids = world.standIn.state.tokens.ofUser('bob').map(({ id }) => id);
    expect([ids.includes(leftover.id), ids.includes(foreign.id)]).toEqual([false, true]);
    await world.gateway.restgate.close();
    expect([minted('alice'), minted('bob')]).toEqual([[], []]);
  });

  it('never shows a token', async () => {
    await onceFast();
    const { token } = world.standIn.state.tokens.ofUser('alice')[0] as { token: string };
    for (const path of [`/applications/${product}`, '/configuration', '/audit/events?limit=100']) {
      expect(await (await world.gateway.admin.send('GET', path)).text()).not.toContain(token);
    }
  });

  it('takes a lifetime of 1 to 7 days and nothing else', async () => {
    for (const mintedPat of [
      { enabled: true, lifetimeDays: 0 },
      { enabled: true, lifetimeDays: 8 },
      { enabled: true, lifetimeDays: 1.5 },
      { enabled: 'yes' },
      { enabled: true, more: 1 },
      [],
    ]) {
      const answer = await world.gateway.admin.send('PATCH', `/applications/${product}`, {
        identity: { ...SLOW, mintedPat },
      });
      expect(answer.status).toBe(400);
    }
    await identity({ ...SLOW, mintedPat: { enabled: true, lifetimeDays: 7 } });
    expect(await world.gateway.admin.call('GET', `/applications/${product}`)).toMatchObject({
      identity: { mintedPat: { enabled: true, lifetimeDays: 7 } },
    });
  });
});
