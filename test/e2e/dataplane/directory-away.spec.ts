import { CrowdStandIn } from '../../support/crowd.js';
import { issueToken } from '../../support/dataplane.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const MYSELF = '/jira/rest/api/2/myself';
const MINUTE_MS = 60_000;

interface Seen {
  readonly status: number;
  readonly code?: string;
  readonly retryAfter: string | null;
}

/** The application answers all the time; only the directory that names its users is taken away. */
describe('a directory that is taken away', () => {
  let world: World;
  let crowd: CrowdStandIn;
  let alice: string;
  let passed = 0;

  beforeAll(async () => {
    // Before the gateway is made, whose caches keep the clock that they find.
    const now = Date.now.bind(Date);
    jest.spyOn(Date, 'now').mockImplementation(() => now() + passed);
    world = await startWorld();
    crowd = new CrowdStandIn({});
    await crowd.start();
    const { admin } = world.gateway;
    await admin.call('PUT', '/rate-limit', { failedAuthentications: { perMinute: 100_000 } });
    await admin.call('PATCH', '/applications/jira', {
      directory: {
        kind: 'crowd',
        baseUrl: crowd.url,
        username: crowd.applicationName,
        password: crowd.applicationPassword,
      },
    });
    await allowGroups('developers', 'readers');
    alice = (await issueToken(admin, 'alice')).token;
  }, 60_000);

  afterAll(async () => {
    await crowd?.close();
    await world?.stop();
    jest.restoreAllMocks();
  });

  const allowGroups = (...groups: string[]): Promise<unknown> =>
    world.gateway.admin.call('PUT', '/restrictions/groups', { apiAccess: { enabled: true, groups } });

  async function ask(token: string): Promise<Seen> {
    const answer = await fetch(world.gateway.url + MYSELF, { headers: { Authorization: `Bearer ${token}` } });
    const { code } = (await answer.json()) as { code?: string };
    return { status: answer.status, code, retryAfter: answer.headers.get('retry-after') };
  }

  /** The time since the directory was last heard of. */
  function after(ms: number): void {
    passed = ms;
  }

  const unavailable = {
    status: 503,
    code: 'directory_unavailable',
    retryAfter: expect.stringMatching(/^[1-9]\d*$/) as unknown,
  };

  it('was asked while it was there', async () => {
    expect(await ask(alice)).toMatchObject({ status: 200 });
    expect(crowd.requests.some((line) => line.includes('alice'))).toBe(true);
    await crowd.close();
  });

  it('refuses whom nobody knows yet with 503 at once, never as an unknown user', async () => {
    expect(await ask(await world.tokenOf('rita'))).toEqual(unavailable);
  });

  it('leaves whom it knew served for nine minutes, with their groups', async () => {
    after(MINUTE_MS + 1000);
    expect(await ask(alice)).toMatchObject({ status: 200 });
    after(9 * MINUTE_MS);
    expect(await ask(alice)).toMatchObject({ status: 200 });
  });

  it('leaves them served when the application is renamed meanwhile', async () => {
    await world.gateway.admin.call('PATCH', '/applications/jira', { name: 'Another name' });
    expect(await ask(alice)).toMatchObject({ status: 200 });
  });

  it('lets a change of the rules be in force for them at once', async () => {
    await allowGroups('readers');
    expect(await ask(alice)).toMatchObject({ status: 403, code: 'group_not_allowed' });
    await allowGroups('developers', 'readers');
    expect(await ask(alice)).toMatchObject({ status: 200 });
  });

  it('refuses them with 503 and Retry-After from ten minutes on', async () => {
    after(10 * MINUTE_MS);
    expect(await ask(alice)).toEqual(unavailable);
    after(60 * MINUTE_MS);
    expect(await ask(alice)).toEqual(unavailable);
  });

  it('is told by explain as it happens', async () => {
    const view = await world.gateway.admin.call('POST', '/decisions', {
      application: 'jira',
      path: '/rest/api/2/myself',
      credential: { scheme: 'bearer', token: alice },
    });
    expect(view).toMatchObject({ decision: 'deny', reason: 'directory_unavailable', status: 503 });
  });

  it('serves everybody again as soon as it is back', async () => {
    await crowd.start();
    expect(await ask(alice)).toMatchObject({ status: 200 });
    expect((await ask((await issueToken(world.gateway.admin, 'rita')).token)).status).toBe(200);
  });
});
