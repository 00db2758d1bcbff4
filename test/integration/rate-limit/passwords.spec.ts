import { basic } from '../../support/dataplane.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const directory = { kind: 'application', username: 'svc-restgate', password: 'svc-restgate-password' };

describe('the limit of callers with user name and password', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld({ withoutProvider: true });
    const window = { value: 1, unit: 'hour' };
    await world.gateway.admin.call('PUT', '/rate-limit', {
      enabled: true,
      requests: 5,
      window,
      credentials: ['basic'],
      overrides: [{ group: 'Developers', requests: 50, window }],
    });
  }, 60_000);

  afterAll(() => world.stop());

  const policyOf = async (user: string): Promise<[number, string | null]> => {
    const answer = await fetch(`${world.gateway.url}/jira/rest/api/2/issue/X-1`, {
      headers: { Authorization: basic(user, `${user}-password`) },
    });
    return [answer.status, answer.headers.get('ratelimit-policy')];
  };

  it('is their group’s, though no group restriction is on', async () => {
    expect(await policyOf('alice')).toEqual([200, '"group";q=50;w=3600']);
    expect(await policyOf('rita')).toEqual([200, '"default";q=5;w=3600']);
  });

  it('is the default, and no 503, while the directory cannot tell their groups', async () => {
    const wrong = { ...directory, password: 'no longer this one' };
    await world.gateway.admin.call('PATCH', '/applications/jira', { directory: wrong });
    expect(await policyOf('bob')).toEqual([200, '"default";q=5;w=3600']);
    await world.gateway.admin.call('PATCH', '/applications/jira', { directory });
  });

  it('does not make a missing directory less of a refusal where groups decide about access', async () => {
    const wrong = { ...directory, password: 'no longer this one' };
    await world.gateway.admin.call('PUT', '/restrictions/groups', {
      apiAccess: { enabled: true, groups: ['developers'] },
    });
    await world.gateway.admin.call('PATCH', '/applications/jira', { directory: wrong });
    expect(await policyOf('bob')).toEqual([503, null]);
  });
});
