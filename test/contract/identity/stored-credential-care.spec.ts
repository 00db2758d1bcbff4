import type { Actor } from '../../../src/modules/access/access.port.js';
import type { Principal } from '../../../src/modules/decisions/exchange.port.js';
import { StoredPatWatch } from '../../../src/modules/identity/stored-pat-watch.service.js';
import { ApplicationNode } from '../../integration/applications/application-world.js';
import type { Answer } from '../../integration/applications/application-world.js';
import { PRODUCTS, connect } from '../../integration/applications/connected-products.js';
import type { AtlassianStandIn } from '../../support/atlassian/server.js';

const GET = { method: 'GET', path: '/x', query: '', form: undefined };
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const alice: Partial<Actor> = { username: 'alice', level: 'user' };
const principal: Principal = {
  username: 'alice',
  groups: [],
  groupKeys: new Set(),
  credential: { kind: 'oauth' },
  verified: true,
};

describe.each(PRODUCTS)('looking after the stored personal access tokens of %s', (product) => {
  let node: ApplicationNode;
  let standIn: AtlassianStandIn;
  const tellsEnd = product !== 'bitbucket';

  beforeEach(async () => {
    node = await ApplicationNode.start();
    standIn = await connect(node, product, { identity: { mode: 'pat' } });
  });
  afterEach(async () => {
    await node.stop();
    await standIn.close();
  });

  const store = (personalAccessToken: string, expiresAt?: Date): Promise<Answer> =>
    node.call(
      'PUT',
      `/me/credentials/${product}`,
      { personalAccessToken, ...(expiresAt && { expiresAt: expiresAt.toISOString() }) },
      { actor: alice },
    );
  const shown = async (): Promise<Record<string, unknown>> =>
    (await node.call('GET', '/me/credentials', undefined, { actor: alice })).body.items[0] as Record<
      string,
      unknown
    >;
  const watch = (now = Date.now()): Promise<number> => node.app.get(StoredPatWatch).run(now);
  const acting = (): object => node.identity.actAs(node.application(product), principal, GET);
  /** A token as its owner stores it: of the product's telling where it tells, else of the owner's. */
  const storeEndingIn = async (days: number, lifetime: number): Promise<string> => {
    const createdAt = new Date(Date.now() - (lifetime - days) * DAY_MS);
    const { token } = standIn.issuePat('alice', { days: lifetime, createdAt });
    const end = new Date(createdAt.getTime() + lifetime * DAY_MS);
    expect((await store(token, tellsEnd ? undefined : end)).status).toBe(200);
    return token;
  };

  it('shows until when a token lasts', async () => {
    await storeEndingIn(60, 90);
    const { status, expiresAt, warning } = await shown();
    expect([status, warning]).toEqual(['active', null]);
    expect(Math.round((Date.parse(expiresAt as string) - Date.now()) / DAY_MS)).toBe(60);
  });

  it('refuses an end that is over or no time', async () => {
    const { token } = standIn.issuePat('alice');
    if (!tellsEnd) expect((await store(token, new Date(Date.now() - 1000))).status).toBe(400);
    const answer = await node.call(
      'PUT',
      `/me/credentials/${product}`,
      { personalAccessToken: token, expiresAt: 'soon' },
      { actor: alice },
    );
    expect(answer.status).toBe(400);
  });

  it('warns once at 30, at 7 and at 1 day before the end, in the audit log and to the owner', async () => {
    await node.call('PATCH', `/applications/${product}`, { identity: { mode: 'pat', renewal: 'off' } });
    await storeEndingIn(40, 90);
    const start = Date.now();
    const told: number[] = [];
    for (let day = 0; day < 40; day++) {
      const before = node.audited.length;
      await watch(start + day * DAY_MS);
      if (node.audited.length > before) told.push(40 - day);
    }
    expect(told).toEqual([30, 7, 1]);
    expect(node.audited[0]).toMatchObject({
      category: 'admin',
      user: 'alice',
      application: product,
      target: `users/alice/credentials/${product}`,
      detail: expect.stringContaining('expires in 30 days') as string,
    });
  }, 60_000);

  it('tells the owner that a token ends soon, and refuses by itself when it has', async () => {
    await node.call('PATCH', `/applications/${product}`, { identity: { mode: 'pat', renewal: 'off' } });
    await storeEndingIn(2, 90);
    expect(await shown()).toMatchObject({
      status: 'expiring',
      warning: expect.stringContaining('expires in 2 days') as string,
    });
    jest.useFakeTimers({
      now: Date.now() + 3 * DAY_MS,
      doNotFake: ['nextTick', 'setImmediate', 'setTimeout'],
    });
    try {
      expect(acting()).toMatchObject({ verdict: 'deny', reason: 'identity_not_configured' });
    } finally {
      jest.useRealTimers();
    }
  });

  it('marks a token that was taken back, asks again each hour, and takes the mark off when it is accepted', async () => {
    const { token } = standIn.issuePat('alice');
    await store(token);
    standIn.setUserActive('alice', false);
    await watch(Date.now() + DAY_MS);
    expect(await shown()).toMatchObject({ status: 'refused' });
    expect(acting()).toMatchObject({ verdict: 'deny', reason: 'identity_not_configured' });
    expect(node.changes.at(-1)).toMatchObject({ by: 'restgate', after: { accepted: false } });
    standIn.setUserActive('alice', true);
    await watch(Date.now() + DAY_MS + HOUR_MS);
    expect(await shown()).toMatchObject({ status: 'active' });
    expect(acting()).toMatchObject({ headers: ['Authorization', `Bearer ${token}`] });
  });

  it('judges nothing while the application is away', async () => {
    await store(standIn.issuePat('alice').token);
    standIn.fail({ pathPrefix: '/', status: 503 });
    await watch(Date.now() + DAY_MS);
    expect(await shown()).toMatchObject({ status: 'active' });
  });

  it('renews a token a week before its end for as long again, where the product lets a token make one', async () => {
    const token = await storeEndingIn(6, 90);
    await watch(Date.now() + DAY_MS);
    const { expiresAt } = await shown();
    const days = Math.round((Date.parse(expiresAt as string) - Date.now()) / DAY_MS);
    if (!tellsEnd) {
      expect([days, acting()]).toEqual([
        6,
        expect.objectContaining({ headers: ['Authorization', `Bearer ${token}`] }),
      ]);
      return;
    }
    expect(days).toBe(90);
    expect(acting()).not.toMatchObject({ headers: ['Authorization', `Bearer ${token}`] });
    expect(node.changes.at(-1)).toMatchObject({ by: 'restgate', after: { renewed: true } });
    expect(standIn.patsOf('alice')).toEqual(['test', 'Restgate (renewed)']);
    // The owner has never seen the new token, so it goes when the owner takes the credential away.
    await node.call('DELETE', `/me/credentials/${product}`, undefined, { actor: alice });
    expect(standIn.patsOf('alice')).toEqual(['test']);
  });

  it('renews nothing where the admin has switched that off', async () => {
    await node.call('PATCH', `/applications/${product}`, { identity: { mode: 'pat', renewal: 'off' } });
    await storeEndingIn(6, 90);
    await watch(Date.now() + DAY_MS);
    expect(standIn.patsOf('alice')).toEqual(['test']);
  });
});
