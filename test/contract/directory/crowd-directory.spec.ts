import { DirectoryUnavailableError } from '../../../src/modules/directory/directory.port.js';
import type { DirectoryUser } from '../../../src/modules/directory/directory.port.js';
import { ApplicationNode } from '../../integration/applications/application-world.js';
import { connect } from '../../integration/applications/connected-products.js';
import type { AtlassianStandIn } from '../../support/atlassian/server.js';
import { startCrowd } from '../../support/crowd.js';
import type { CrowdStandIn } from '../../support/crowd.js';

describe('Crowd as the directory of an application', () => {
  let node: ApplicationNode;
  let crowd: CrowdStandIn;
  let jira: AtlassianStandIn;

  beforeAll(async () => {
    node = await ApplicationNode.start();
    crowd = await startCrowd();
    const directory = {
      kind: 'crowd',
      baseUrl: crowd.url,
      username: 'restgate',
      password: crowd.applicationPassword,
    };
    jira = await connect(node, 'jira', { directory });
  });

  afterAll(async () => {
    await node.stop();
    await crowd.close();
    await jira.close();
  });

  const find = async (
    value: string,
    by: 'username' | 'email' = 'username',
  ): Promise<DirectoryUser | undefined> => node.directory.find(node.application('jira'), { by, value });

  it('finds a user with direct and nested groups', async () => {
    const user = await find('Alice');
    expect(user).toMatchObject({ username: 'alice', email: 'alice@example.com', active: true });
    expect([...(user?.groups ?? [])].sort()).toEqual(['developers', 'staff']);
  });

  it('finds an inactive user as inactive, and nobody for an unknown name', async () => {
    expect(await find('ivan')).toMatchObject({ active: false });
    expect(await find('nobody')).toBeUndefined();
  });

  it('finds a user by exact e-mail address, and cannot be made to search for more', async () => {
    expect(await find("o'brien+x@example.com", 'email')).toMatchObject({ username: "o'brien+x@example.com" });
    expect(await find('x" or name="alice', 'email')).toBeUndefined();
  });

  it('gives the groups of a personal access token’s owner', async () => {
    const owner = await node.directory.whoIs(node.application('jira'), jira.issuePat('rita').token);
    expect([...(owner?.groups ?? [])].sort()).toEqual(['readers', 'staff']);
  });

  it('says so when Crowd does not accept the application', async () => {
    const directory = { kind: 'crowd', baseUrl: crowd.url, username: 'restgate', password: 'wrong' };
    await node.call('PATCH', '/applications/jira', { directory });
    await expect(find('alice')).rejects.toThrow(DirectoryUnavailableError);
    await expect(find('alice')).rejects.toThrow('does not accept restgate');
    expect(await node.directory.check(node.application('jira'))).toMatchObject({ ok: false });
  });
});
