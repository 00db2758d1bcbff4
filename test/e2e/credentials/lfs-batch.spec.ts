import type { AtlassianStandIn } from '../../support/atlassian/server.js';
import type { RequestRecord } from '../../support/atlassian/types.js';
import { issueToken } from '../../support/dataplane.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const BATCH = '/bitbucket/scm/prj/repo.git/info/lfs/objects/batch';
const TYPE = 'application/vnd.git-lfs+json';
const DOWNLOAD = JSON.stringify({ operation: 'download', objects: [{ oid: 'a&os_username=b', size: 1 }] });
const UPLOAD = DOWNLOAD.replace('download', 'upload');

describe('Git LFS for callers who may only read', () => {
  let world: World;
  let standIn: AtlassianStandIn;

  beforeAll(async () => {
    world = await startWorld({ products: ['bitbucket'], withoutProvider: true });
    standIn = world.bitbucket as AtlassianStandIn;
    const readOnly = { enabled: true, groups: ['readers'] };
    await world.gateway.admin.call('PUT', '/restrictions/groups', { readOnly });
  }, 60_000);

  afterAll(() => world?.stop());

  async function send(
    user: string,
    body: string,
    init: { scope?: string; type?: string; stream?: boolean } = {},
  ): Promise<{ status: number; calls: RequestRecord[] }> {
    const { token } = await issueToken(world.gateway.admin, user, { scope: init.scope ?? 'write' });
    const before = standIn.requests.length;
    const content = init.stream ? new Blob([body]).stream() : body;
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': init.type ?? TYPE };
    const answer = await fetch(world.gateway.url + BATCH, {
      method: 'POST',
      headers,
      body: content,
      duplex: 'half',
    });
    await answer.arrayBuffer();
    return {
      status: answer.status,
      calls: standIn.requests.slice(before).filter(({ target }) => target === BATCH),
    };
  }

  it.each([
    ['a member of a read-only group', 'rita', {}],
    ['a reading token', 'alice', { scope: 'read' }],
    ['everybody else', 'alice', {}],
  ])('%s may download, and the body goes on as it came', async (_who, user, init) => {
    const { calls } = await send(user, DOWNLOAD, init);
    expect(calls.map(({ user: name, body }) => [name, body.toString()])).toEqual([[user, DOWNLOAD]]);
    expect(calls[0]?.header('Content-Length')).toEqual([String(DOWNLOAD.length)]);
  });

  it.each([
    ['upload', 'rita', UPLOAD, {}, 403],
    ['upload with a reading token', 'alice', UPLOAD, { scope: 'read' }, 403],
    ['say two things', 'rita', '{"operation":"upload","operation":"download"}', {}, 403],
    ['send another type', 'rita', DOWNLOAD, { type: 'application/json' }, 403],
    ['hide the length', 'rita', DOWNLOAD, { stream: true }, 403],
    ['send more than 64 KiB', 'rita', DOWNLOAD.padEnd(65 * 1024, ' '), {}, 403],
    ['send what is no JSON', 'rita', '{"operation":"download"', {}, 403],
  ])('but may not %s', async (_what, user, body, init, status) => {
    expect(await send(user, body, init)).toEqual({ status, calls: [] });
  });

  it('a writer uploads as before, of any size', async () => {
    const large = UPLOAD.padEnd(200 * 1024, ' ');
    expect((await send('alice', large)).calls.map(({ bodyLength }) => bodyLength)).toEqual([large.length]);
  });

  const batch = async (body: string): Promise<Response> => {
    const { token } = await issueToken(world.gateway.admin, 'alice');
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': TYPE };
    return fetch(world.gateway.url + BATCH, { method: 'POST', headers, body });
  };

  it('gets addresses that lead back through the gateway, and no credential of Bitbucket', async () => {
    const answer = await batch(JSON.stringify({ operation: 'upload', objects: [{ oid: 'a', size: 1 }] }));
    const text = await answer.text();
    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, String(text.length)]);
    expect(text).not.toContain('JWT');
    expect(JSON.parse(text)).toMatchObject({
      objects: [
        { actions: { upload: { href: `${world.gateway.url}/bitbucket/rest/git-lfs/storage/prj/repo/a` } } },
      ],
    });
  });

  it.each([
    ['is no JSON', '{"objects":[{"actions":{"download":{"header":{"Authorization":"JWT secret"'],
    ['is too long', ' '.repeat(1_100_000)],
  ])('an answer that %s is withheld', async (_what, body) => {
    const headers = { 'X-AUSERNAME': 'alice', 'Content-Type': TYPE };
    standIn.fail({ pathPrefix: '/scm', times: 1, status: 200, headers, body });
    const answer = await batch(DOWNLOAD);
    expect([answer.status, (await answer.json()) as object]).toEqual([
      502,
      expect.objectContaining({ code: 'upstream_protocol_error' }),
    ]);
  });
});
