import { DirectoryUnavailableError } from '../../../src/modules/directory/directory.port.js';
import type { DirectoryUser } from '../../../src/modules/directory/directory.port.js';
import { ApplicationNode } from '../../integration/applications/application-world.js';
import { PRODUCTS, connect } from '../../integration/applications/connected-products.js';
import type { AtlassianStandIn } from '../../support/atlassian/server.js';
import { standInUser } from '../../support/atlassian/users.js';

describe.each(PRODUCTS)('the directory of %s', (product) => {
  let node: ApplicationNode;
  let standIn: AtlassianStandIn;

  beforeAll(async () => {
    node = await ApplicationNode.start();
    standIn = await connect(node, product);
  });

  afterAll(async () => {
    await node.stop();
    await standIn.close();
  });

  beforeEach(() => standIn.clear());

  const find = async (
    value: string,
    by: 'username' | 'email' = 'username',
  ): Promise<DirectoryUser | undefined> => node.directory.find(node.application(product), { by, value });

  it('finds a user with groups by name, whatever its case', async () => {
    const user = await find('ALICE');
    expect(user).toMatchObject({ username: 'alice', active: true });
    expect([...(user?.groups ?? [])].sort()).toEqual(['developers', 'jira-users']);
    expect(user?.groupKeys.has('developers')).toBe(true);
  });

  it('answers the second time from memory, at once', async () => {
    const ask = (): unknown =>
      node.directory.find(node.application(product), { by: 'username', value: 'bob' });
    // The echo of the application's own creation may still empty the cache, once.
    for (let i = 0; i < 3; i++) await ask();
    standIn.clear();
    const again = ask();
    expect(again).toMatchObject({ username: 'bob' });
    expect(standIn.requests).toHaveLength(0);
  });

  it('asks once for many who wait', async () => {
    const all = await Promise.all(['rita', 'rita', 'rita'].map((name) => find(name)));
    expect(all.map((user) => user?.username)).toEqual(['rita', 'rita', 'rita']);
    const targets = standIn.requests.map(({ target }) => target);
    expect(new Set(targets).size).toBe(targets.length);
  });

  it('does not take a part of a name for the name', async () => {
    expect(await find('alic')).toBeUndefined();
    expect(await find('lice')).toBeUndefined();
    expect(await find('nobody-at-all')).toBeUndefined();
  });

  it('does not take a letter that only looks alike after case folding', async () => {
    standIn.addUser(standInUser('kelvin'));
    expect(await find('kelvin')).toMatchObject({ username: 'kelvin' });
    expect(await find('\u212Aelvin')).toBeUndefined();
  });

  it('finds names that need encoding', async () => {
    expect(await find("o'brien+x@example.com")).toMatchObject({ username: "o'brien+x@example.com" });
    expect(await find('zoë')).toMatchObject({ username: 'zoë' });
    standIn.addUser(standInUser('a&username=admin'));
    expect(await find('a&username=admin')).toMatchObject({ username: 'a&username=admin' });
  });

  it('tells whose personal access token it is, with groups', async () => {
    const { token } = standIn.issuePat('rita');
    const owner = await node.directory.whoIs(node.application(product), token);
    expect(owner).toMatchObject({ username: 'rita', active: true });
    expect(owner?.groupKeys.has('readers')).toBe(true);
  });

  it('knows nobody for a token that the product does not accept', async () => {
    const { token } = standIn.issuePat('alice');
    standIn.revokePat(token);
    expect(await node.directory.whoIs(node.application(product), token)).toBeUndefined();
    expect(await node.directory.whoIs(node.application(product), 'nonsense')).toBeUndefined();
    const before = standIn.requests.length;
    expect(await node.directory.whoIs(node.application(product), 'two parts\r\nX: y')).toBeUndefined();
    expect(standIn.requests).toHaveLength(before);
  });

  it('lists groups for pickers', async () => {
    const answer = await node.call('GET', `/directory/groups?application=${product}&query=develop`);
    expect(answer).toMatchObject({
      status: 200,
      body: { items: [{ name: 'developers' }], nextCursor: null },
    });
  });

  it('lists users for pickers', async () => {
    const answer = await node.call('GET', `/directory/users?application=${product}&query=alice`);
    expect(answer.body.items).toEqual([expect.objectContaining({ name: 'alice' })]);
    expect((await node.call('GET', '/directory/users?application=ghost')).status).toBe(404);
  });

  it('proves that its service account works', async () => {
    expect(await node.directory.check(node.application(product))).toMatchObject({ ok: true });
  });

  it('says that it cannot be asked when the product fails, and never that the user is unknown', async () => {
    standIn.fail({ pathPrefix: '/rest', status: 500 });
    await expect(find('somebody-new')).rejects.toThrow(DirectoryUnavailableError);
    standIn.clear();
    standIn.fail({ pathPrefix: '/rest', action: 'reset' });
    await expect(find('somebody-else')).rejects.toThrow(DirectoryUnavailableError);
    const answer = await node.call('GET', `/directory/users?application=${product}&query=a`);
    expect(answer).toMatchObject({ status: 503, body: { code: 'directory_unavailable' } });
  });

  it('does not follow redirects with the service account', async () => {
    standIn.fail({ pathPrefix: '/rest', status: 302, headers: { Location: 'http://127.0.0.1:1/evil' } });
    await expect(find('redirected')).rejects.toThrow('redirected');
  });

  it('does not swallow answers without end', async () => {
    standIn.fail({ pathPrefix: '/rest', status: 200, body: `{"a":"${'x'.repeat(1_200_000)}"}` });
    await expect(find('endless')).rejects.toThrow('more than 1 MiB');
  });

  it('forgets everything when an admin changes how it is asked, and nothing when an application is renamed', async () => {
    standIn.addUser(standInUser('changing'));
    const known = (await find('changing'))?.groups;
    standIn.setUserGroups('changing', ['readers']);
    await node.call('PATCH', `/applications/${product}`, { name: 'Renamed' });
    expect((await find('changing'))?.groups).toEqual(known);
    const { token } = standIn.issuePat('svc-restgate');
    const directory = { kind: 'application', personalAccessToken: token };
    await node.call('PATCH', `/applications/${product}`, { directory });
    expect((await find('changing'))?.groups).toEqual(['readers']);
  });

  it('does not take the anonymous view for an answer when the service account is refused', async () => {
    const directory = { kind: 'application', personalAccessToken: 'no-token-that-is-known' };
    await node.call('PATCH', `/applications/${product}`, { directory });
    await expect(find('alice')).rejects.toThrow(DirectoryUnavailableError);
    expect(await node.directory.check(node.application(product))).toMatchObject({ ok: false });
  });
});

describe('the directory of a product whose users are inactive or share an e-mail address', () => {
  let node: ApplicationNode;
  const standIns: AtlassianStandIn[] = [];

  beforeAll(async () => {
    node = await ApplicationNode.start();
    for (const product of PRODUCTS) standIns.push(await connect(node, product));
  });

  afterAll(async () => {
    await node.stop();
    for (const standIn of standIns) await standIn.close();
  });

  it.each(['jira', 'bitbucket'] as const)('%s: an inactive user is found as inactive', async (product) => {
    const user = await node.directory.find(node.application(product), { by: 'username', value: 'ivan' });
    expect(user).toMatchObject({ username: 'ivan', active: false });
  });

  it.each(['jira', 'bitbucket'] as const)(
    '%s: only a whole and single e-mail address finds a user',
    async (product) => {
      const standIn = standIns[PRODUCTS.indexOf(product)] as AtlassianStandIn;
      standIn.addUser(standInUser('twin1', { email: 'twins@example.com' }));
      standIn.addUser(standInUser('twin2', { email: 'twins@example.com' }));
      standIn.addUser(
        standInUser('tricky', { displayName: 'alice@example.com', email: 'other@example.com' }),
      );
      const find = (value: string) => node.directory.find(node.application(product), { by: 'email', value });
      expect(await find('Alice@Example.com')).toMatchObject({ username: 'alice' });
      expect(await find('lice@example.com')).toBeUndefined();
      expect(await find('twins@example.com')).toBeUndefined();
    },
  );

  it('confluence says that its REST API knows no e-mail addresses', async () => {
    const found = node.directory.find(node.application('confluence'), {
      by: 'email',
      value: 'alice@example.com',
    });
    await expect(Promise.resolve(found)).rejects.toThrow('no e-mail addresses');
  });

  it('uses the directory of another application', async () => {
    const directory = { kind: 'application', application: 'jira' };
    await node.call('PATCH', '/applications/confluence', { directory });
    const [jira, confluence] = standIns as [AtlassianStandIn, AtlassianStandIn];
    jira.clear();
    confluence.clear();
    const query = { by: 'email', value: 'bob@example.com' } as const;
    expect(await node.directory.find(node.application('confluence'), query)).toMatchObject({
      username: 'bob',
    });
    expect(confluence.requests).toHaveLength(0);
    expect(jira.requests.length).toBeGreaterThan(0);
  });
});
