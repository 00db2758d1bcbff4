import {
  DEFAULT_GLOBAL_SETTINGS,
  GLOBAL_SETTINGS,
} from '../../../src/modules/global-settings/global-settings.port.js';
import { alice, bootstrap, startWorld } from '../tokens/token-world.js';
import type { Answer, TokenNode } from '../tokens/token-world.js';

describe('the global settings', () => {
  let node: TokenNode;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    ({ node, stop } = await startWorld());
  });

  afterEach(() => stop());

  const admin = { level: 'admin', groups: ['Jira-Admins'] } as const;
  const patch = (body: object, query = '', actor: object = bootstrap, headers = {}): Promise<Answer> =>
    node.call(actor, 'PATCH', `/global-settings${query}`, body, headers);

  it('begin with their defaults', async () => {
    const { body, headers } = await node.call(alice, 'GET', '/global-settings');
    expect(body).toEqual(DEFAULT_GLOBAL_SETTINGS);
    expect(headers['etag']).toBe('"0"');
  });

  it('change only what is given, in force before the answer', async () => {
    await patch({ basicAuthenticationDisabled: true });
    const { body, headers } = await patch({ anonymousAccess: 'deny' });
    const expected = {
      ...DEFAULT_GLOBAL_SETTINGS,
      basicAuthenticationDisabled: true,
      anonymousAccess: 'deny',
    };
    expect(body).toEqual(expected);
    expect(headers['etag']).toBe('"2"');
    expect(GLOBAL_SETTINGS.of(node.changeFeed.current)).toEqual(expected);
    expect(node.changes.at(-1)).toMatchObject({
      target: 'global-settings',
      by: 'bootstrap-admin',
      before: { anonymousAccess: 'public-apis' },
      after: { anonymousAccess: 'deny' },
    });
  });

  it('refuse a lost update', async () => {
    const first = await node.call(alice, 'GET', '/global-settings');
    await patch({ oauthTokensEnabled: false });
    const late = await patch({ oauthTokensEnabled: true }, '', bootstrap, {
      'if-match': first.headers['etag'],
    });
    expect(late.status).toBe(412);
    expect(GLOBAL_SETTINGS.of(node.changeFeed.current).oauthTokensEnabled).toBe(false);
  });

  it('lose no change when many are made at once', async () => {
    const fields = ['basicAuthenticationDisabled', 'oauthTokensEnabled', 'userTokenCreationAllowed'];
    const all = Array.from({ length: 24 }, (_, i) => patch({ [fields[i % 3] as string]: i % 3 === 0 }));
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(24).fill(200));
    expect((await node.call(alice, 'GET', '/global-settings')).body).toMatchObject({
      basicAuthenticationDisabled: true,
      oauthTokensEnabled: false,
      userTokenCreationAllowed: false,
    });
  });

  it('keep groups trimmed and once, whatever their case', async () => {
    const { body } = await patch({ adminGroups: [' jira-admins', 'Jira-Admins ', 'ops'] });
    expect(body['adminGroups']).toEqual(['jira-admins', 'ops']);
  });

  it('refuse faulty values and name the field', async () => {
    const faulty: [string, unknown][] = [
      ['restApiAuthenticationEnabled', 'false'],
      ['basicAuthenticationDisabled', null],
      ['anonymousAccess', 'everybody'],
      ['adminGroups', null],
      ['adminGroups', 'admins'],
      ['adminGroups', ['']],
      ['adminGroups', [1]],
      ['adminGroups', ['x'.repeat(256)]],
      ['adminGroups', Array.from({ length: 201 }, (_, i) => `g${i}`)],
      ['nonsense', true],
    ];
    for (const [field, value] of faulty) {
      const { status, body } = await patch({ [field]: value });
      expect(status).toBe(400);
      expect(body['errors']).toContainEqual(expect.objectContaining({ field }));
    }
    expect(node.changes).toEqual([]);
  });

  it('let an admin give up their own rights only with a confirmation', async () => {
    await patch({ adminGroups: ['jira-admins'] });
    const refused = await patch({ adminGroups: ['ops'] }, '', admin);
    expect(refused).toMatchObject({ status: 409, body: { code: 'would_lock_out' } });
    expect(GLOBAL_SETTINGS.of(node.changeFeed.current).adminGroups).toEqual(['jira-admins']);
    expect((await patch({ adminGroups: ['ops', 'JIRA-admins'] }, '', admin)).status).toBe(200);
    expect((await patch({ adminGroups: ['ops'] }, '?confirm=true', admin)).status).toBe(200);
    expect((await patch({ adminGroups: [] })).status).toBe(200);
    expect((await patch({ adminGroups: [] }, '?confirm=yes')).status).toBe(400);
  });
});
