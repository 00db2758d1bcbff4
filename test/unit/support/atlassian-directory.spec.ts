import { startAtlassian, type AtlassianStandIn } from '../../support/atlassian/server.js';
import type { StandInProduct } from '../../support/atlassian/types.js';

const running = new Map<StandInProduct, AtlassianStandIn>();

beforeAll(async () => {
  for (const product of ['jira', 'confluence', 'bitbucket'] as const) {
    running.set(product, await startAtlassian({ product, contextPath: `/${product}` }));
  }
});
afterAll(async () => {
  for (const each of running.values()) await each.close();
});

async function ask(product: StandInProduct, path: string, as: string | null, init: RequestInit = {}) {
  const standIn = running.get(product);
  if (standIn === undefined) throw new Error('not running');
  const headers: Record<string, string> = { ...(init.headers as Record<string, string> | undefined) };
  if (as !== null) headers.authorization = `Bearer ${standIn.issuePat(as).token}`;
  const answer = await fetch(standIn.url + path, { ...init, headers, redirect: 'manual' });
  const text = await answer.text();
  const json: unknown = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : null;
  return { status: answer.status, text, json, headers: answer.headers };
}

const SERVICE = 'svc-restgate';
const ODD = encodeURIComponent("o'brien+x@example.com");

describe('directory look-ups', () => {
  it.each<[StandInProduct, string, unknown]>([
    [
      'jira',
      '/rest/api/2/user?username=ALICE&expand=groups',
      { name: 'alice', active: true, groups: { size: 2 } },
    ],
    ['jira', `/rest/api/2/user?username=${ODD}`, { name: "o'brien+x@example.com" }],
    ['jira', '/rest/api/2/user?username=ivan', { name: 'ivan', active: false }],
    ['jira', '/rest/api/2/user/search?username=rita@example.com&includeInactive=true', [{ name: 'rita' }]],
    ['jira', '/rest/api/2/user/search?username=ivan', []],
    ['jira', '/rest/api/2/groups/picker?query=READ', { total: 1, groups: [{ name: 'readers' }] }],
    [
      'jira',
      '/rest/api/2/group/member?groupname=readers',
      { total: 1, isLast: true, values: [{ name: 'rita' }] },
    ],
    ['confluence', '/rest/api/user?username=alice', { type: 'known', username: 'alice' }],
    ['confluence', '/rest/api/user/current', { type: 'known', username: SERVICE }],
    [
      'confluence',
      '/rest/api/user/memberof?username=rita&limit=1',
      { size: 1, limit: 1, results: [{ name: 'jira-users' }] },
    ],
    ['confluence', '/rest/api/group/readers/member', { results: [{ username: 'rita' }] }],
    [
      'bitbucket',
      `/rest/api/latest/users/o_brien_x_example.com`,
      { name: "o'brien+x@example.com", active: true },
    ],
    [
      'bitbucket',
      '/rest/api/1.0/admin/users?filter=ivan',
      { values: [{ name: 'ivan', active: false, mutableGroups: true }] },
    ],
    ['bitbucket', '/rest/api/latest/admin/users?limit=2', { size: 2, isLastPage: false, nextPageStart: 2 }],
    [
      'bitbucket',
      '/rest/api/latest/admin/users/more-members?context=rita',
      { values: [{ name: 'jira-users' }, { name: 'readers' }] },
    ],
    ['bitbucket', '/rest/api/latest/groups?filter=readers', { values: ['readers'], isLastPage: true }],
  ])('%s %s', async (product, path, expected) => {
    const answer = await ask(product, path, SERVICE);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject(expected as object);
  });

  it.each<[StandInProduct, string, string | null, number]>([
    ['jira', '/rest/api/2/user?username=nobody', SERVICE, 404],
    ['jira', '/rest/api/2/user?username=alice', 'bob', 403],
    ['jira', '/rest/api/2/user?username=alice', null, 401],
    ['jira', '/rest/api/2/group/member?groupname=readers', 'bob', 403],
    ['jira', '/rest/api/2/myself', null, 401],
    ['confluence', '/rest/api/user?username=nobody', SERVICE, 404],
    ['confluence', '/rest/api/user?username=alice', 'bob', 403],
    ['bitbucket', '/rest/api/latest/users/nobody', SERVICE, 404],
    ['bitbucket', '/rest/api/latest/admin/users', 'bob', 401],
    ['bitbucket', '/rest/api/latest/users', null, 401],
  ])('%s refuses %s asked by %s with %i', async (product, path, as, status) => {
    expect((await ask(product, path, as)).status).toBe(status);
  });

  it('tells Confluence visitors that they are anonymous', async () => {
    expect((await ask('confluence', '/rest/api/user/current', null)).json).toMatchObject({
      type: 'anonymous',
    });
  });

  it.each(['jira', 'confluence', 'bitbucket'] as const)(
    '%s tells who somebody is, its state and version',
    async (product) => {
      expect((await ask(product, '/plugins/servlet/applinks/whoami', 'alice')).text).toBe('alice');
      expect((await ask(product, '/plugins/servlet/applinks/whoami', null)).text).toBe('');
      expect((await ask(product, '/status', null)).json).toEqual({ state: 'RUNNING' });
      expect((await ask(product, '/rest/applinks/1.0/manifest', null)).text).toMatch(
        /<version>\d+\.\d+\.\d+<\/version>/,
      );
    },
  );

  it('tells the versions', async () => {
    expect((await ask('jira', '/rest/api/2/serverInfo', null)).json).toMatchObject({ version: '10.3.0' });
    const properties = await ask('bitbucket', '/rest/api/latest/application-properties', null);
    expect(properties.json).toMatchObject({ version: '9.4.0' });
    expect((await ask('confluence', '/rest/api/settings/systemInfo', SERVICE)).json).toMatchObject({
      version: '9.2.0',
    });
  });
});

describe('content', () => {
  const JSON_TYPE = { 'content-type': 'application/json' };

  it('shows strangers only what is public', async () => {
    expect((await ask('jira', '/rest/api/2/search', null)).json).toMatchObject({
      total: 1,
      issues: [{ key: 'PUB-1' }],
    });
    expect((await ask('jira', '/rest/api/2/issue/PUB-1', null)).status).toBe(200);
    expect((await ask('jira', '/rest/api/2/issue/X-1', null)).status).toBe(401);
    expect((await ask('confluence', '/rest/api/content', null)).json).toMatchObject({ size: 1 });
    expect((await ask('bitbucket', '/rest/api/latest/projects', null)).json).toMatchObject({ size: 1 });
    expect((await ask('jira', '/secure/Dashboard.jspa', null)).headers.get('location')).toMatch(
      /^\/jira\/login\.jsp\?os_destination=/,
    );
  });

  it('creates, changes, comments and deletes an issue as the caller', async () => {
    const body = JSON.stringify({ fields: { project: { key: 'DEMO' }, summary: 'new' } });
    const created = await ask('jira', '/rest/api/2/issue', 'alice', {
      method: 'POST',
      body,
      headers: JSON_TYPE,
    });
    expect(created.status).toBe(201);
    const path = `/rest/api/2/issue/${(created.json as { key: string }).key}`;
    const change = JSON.stringify({ fields: { summary: 'changed' } });
    expect(
      (await ask('jira', path, 'alice', { method: 'PUT', body: change, headers: JSON_TYPE })).status,
    ).toBe(204);
    const comment = { method: 'POST', body: '{"body":"hi"}', headers: JSON_TYPE };
    expect((await ask('jira', `${path}/comment`, 'bob', comment)).json).toMatchObject({ author: 'bob' });
    expect((await ask('jira', path, 'bob')).json).toMatchObject({
      fields: { summary: 'changed', creator: 'alice' },
    });
    expect((await ask('jira', path, 'alice', { method: 'DELETE' })).status).toBe(204);
    expect((await ask('jira', path, 'alice')).status).toBe(404);
  });

  it('keeps an uploaded file byte for byte and serves parts of it', async () => {
    const form = new FormData();
    form.append('file', new Blob([Uint8Array.from([0, 255, 13, 10, 1])]), 'ü.bin');
    const upload = { method: 'POST', body: form, headers: { 'X-Atlassian-Token': 'no-check' } };
    const answer = await ask('jira', '/rest/api/2/issue/X-1/attachments', 'alice', upload);
    const [file] = answer.json as { content: string; size: number }[];
    expect(file?.size).toBe(5);
    const path = (file?.content ?? '').replace(running.get('jira')?.url ?? '', '');
    const whole = await ask('jira', path, 'alice');
    expect(whole.text).toBe(Buffer.from([0, 255, 13, 10, 1]).toString('utf8'));
    const etag = whole.headers.get('etag') ?? '';
    expect((await ask('jira', path, 'alice', { headers: { 'if-none-match': etag } })).status).toBe(304);
    const part = await ask('jira', path, 'alice', { headers: { range: 'bytes=2-3' } });
    expect([part.status, part.text, part.headers.get('content-range')]).toEqual([206, '\r\n', 'bytes 2-3/5']);
  });
});
