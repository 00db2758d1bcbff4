import { DataSource } from 'typeorm';
import { sha256 } from '../../../src/platform/crypto/sha256.js';
import { CookieJar } from '../../support/cookie-jar.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const PUBLIC_URL = 'http://127.0.0.1';
const CALLBACK = '/restgate/oauth/callback';
const SESSION = 'restgate-session';
const API = '/restgate/api/v1';

interface Listed {
  readonly id: string;
  readonly username: string;
  readonly providerId: string;
}
interface Page {
  readonly items: Listed[];
  readonly nextCursor: string | null;
}

let world: World;

beforeAll(async () => {
  world = await startWorld({ validation: 'userinfo', env: { PUBLIC_URL } });
  await world.gateway.admin.call('PATCH', '/global-settings', { adminGroups: ['jira-administrators'] });
});
afterAll(() => world.stop());
beforeEach(() => world.gateway.restgate.app.get(DataSource).query('DELETE FROM browser_sessions'));

async function signedIn(user: string): Promise<CookieJar> {
  const browser = new CookieJar(world.gateway.url);
  const begun = await browser.get('/restgate/session/sign-in');
  const url = begun.headers.get('location') ?? '';
  const back = await world.provider.walkAuthorization(url, user, PUBLIC_URL + CALLBACK);
  expect((await browser.get(CALLBACK + back.search)).status).toBe(303);
  return browser;
}

const list = (query = ''): Promise<Page> => world.gateway.admin.call<Page>('GET', `/sessions${query}`);

describe('the sessions of everybody', () => {
  it('are listed with who, where and when, but with nothing that signs in', async () => {
    const browser = await signedIn('alice');
    const { items, nextCursor } = await list();
    expect(nextCursor).toBeNull();
    expect(items).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        username: 'alice',
        providerId: expect.any(String),
        provider: 'Test provider',
        createdAt: expect.any(String),
        lastSeenAt: expect.any(String),
        expiresAt: expect.any(String),
      },
    ]);
    const token = browser.cookies.get(SESSION) as string;
    const text = JSON.stringify(items);
    expect([text.includes(token), text.includes(sha256(token))]).toEqual([false, false]);
    const thief = new CookieJar(world.gateway.url);
    thief.cookies.set(SESSION, items[0]?.id as string);
    expect((await thief.session()).status).toBe(401);
  });

  it('are filtered by user, without case, and come in pages without gaps', async () => {
    for (const user of ['alice', 'bob', 'alice']) await signedIn(user);
    expect((await list('?username=ALICE')).items.map(({ username }) => username)).toEqual(['alice', 'alice']);
    expect((await list('?username=nobody')).items).toEqual([]);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Page = await list(`?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.items.map(({ username }) => username));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(['alice', 'bob', 'alice']);
    const foreign = await world.gateway.admin.send('GET', '/sessions?cursor=bm9wZQ');
    expect(foreign.status).toBe(400);
    const noSuchDay = Buffer.from(`2026-02-30T00:00:00.000Z|${'0'.repeat(32)}`).toString('base64url');
    expect((await world.gateway.admin.send('GET', `/sessions?cursor=${noSuchDay}`)).status).toBe(200);
  });

  it('do not include those that ended by themselves', async () => {
    await signedIn('alice');
    await world.gateway.restgate.app
      .get(DataSource)
      .query("UPDATE browser_sessions SET last_seen_at = last_seen_at - interval '31 minutes'");
    expect((await list()).items).toEqual([]);
    expect(await world.gateway.admin.call('DELETE', '/sessions?username=alice')).toEqual({ ended: 0 });
  });
});

describe("ending another user's sessions", () => {
  it('signs the user out on all browsers at once, nobody else, and is audited', async () => {
    const [one, two, other] = [await signedIn('alice'), await signedIn('alice'), await signedIn('bob')];
    expect(await world.gateway.admin.call('DELETE', '/sessions?username=Alice')).toEqual({ ended: 2 });
    expect([await one.session(), await two.session()].map(({ status }) => status)).toEqual([401, 401]);
    expect((await other.session()).status).toBe(200);
    const { items } = await world.gateway.admin.call<{ items: object[] }>(
      'GET',
      '/audit/events?category=admin',
    );
    expect(items[0]).toMatchObject({
      user: 'bootstrap-admin',
      target: 'sessions?username=alice',
      after: { ended: 2 },
    });
  });

  it('signs out one browser by its id, once, and is audited', async () => {
    const [one, two] = [await signedIn('alice'), await signedIn('alice')];
    const newest = (await list('?limit=1')).items[0]?.id as string;
    await world.gateway.admin.call('DELETE', `/sessions/${newest}`);
    expect([(await one.session()).status, (await two.session()).status]).toEqual([200, 401]);
    expect((await world.gateway.admin.send('DELETE', `/sessions/${newest}`)).status).toBe(404);
    const { items } = await world.gateway.admin.call<{ items: object[] }>(
      'GET',
      '/audit/events?category=admin',
    );
    expect(items[0]).toMatchObject({ target: `sessions/${newest}`, before: { username: 'alice' } });
  });

  it('needs a name: without one nobody is signed out', async () => {
    const browser = await signedIn('alice');
    for (const path of ['/sessions', '/sessions?username=', '/sessions?user=alice']) {
      expect((await world.gateway.admin.send('DELETE', path)).status).toBe(400);
    }
    expect((await browser.session()).status).toBe(200);
  });

  it('needs an admin: users see and end nothing of others', async () => {
    await signedIn('bob');
    const browser = await signedIn('alice');
    const { body } = await browser.session();
    const headers = { 'x-csrf-token': body['csrfToken'] as string };
    expect((await browser.get(`${API}/sessions`)).status).toBe(403);
    const answer = await browser.send('DELETE', `${API}/sessions?username=bob`, headers);
    expect(answer.status).toBe(403);
    expect((await list('?username=bob')).items).toHaveLength(1);
  });

  it('signs the admin who does it out too, when it is the own name', async () => {
    const browser = await signedIn('admin');
    const { body } = await browser.session();
    const headers = { 'x-csrf-token': body['csrfToken'] as string };
    const answer = await browser.send('DELETE', `${API}/sessions?username=admin`, headers);
    expect([answer.status, await answer.json()]).toEqual([200, { ended: 1 }]);
    expect((await browser.session()).status).toBe(401);
  });
});
