import { ReadWriteController } from '../../../src/modules/restrictions/read-write.controller.js';
import { ReadWriteService } from '../../../src/modules/restrictions/read-write.service.js';
import { READ_WRITE } from '../../../src/modules/restrictions/restrictions.port.js';
import { SettingsNode, startSettingsNode } from '../../support/settings-node.js';
import type { Answer } from '../../support/settings-node.js';

const parts = { controllers: [ReadWriteController], providers: [ReadWriteService] };
const nothing = { reads: [], writes: [] };
const post = (path: string): { path: string; methods: string[] } => ({ path, methods: ['POST'] });

describe('the lists of reads and writes', () => {
  let node: SettingsNode;
  let url: string;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    ({ node, url, stop } = await startSettingsNode(parts));
  });

  afterEach(() => stop());

  const put = (body: object, headers: Record<string, string> = {}): Promise<Answer> =>
    node.call('PUT', '/restrictions/read-write', body, { headers });
  const inForce = (on: SettingsNode, path: string): string | undefined =>
    READ_WRITE.of(on.changeFeed.current).reads?.match(path)?.path;

  it('begin empty', async () => {
    const { body, headers } = await node.call('GET', '/restrictions/read-write');
    expect(body).toEqual(nothing);
    expect(headers['etag']).toBe('"0"');
  });

  it('are in force before the answer, and audited with before and after', async () => {
    const { status, headers, body } = await put({ reads: [post('/rest/a'), post('/rest/a')] });
    expect([status, headers['etag']]).toEqual([200, '"1"']);
    expect(body).toEqual({ reads: [post('/rest/a')], writes: [], warnings: [] });
    expect(inForce(node, '/rest/a')).toBe('/rest/a');
    expect(node.changes).toMatchObject([
      {
        target: 'restrictions/read-write',
        by: 'root',
        before: nothing,
        after: { reads: [post('/rest/a')], writes: [] },
      },
    ]);
  });

  it('are in force on another node soon after', async () => {
    const other = await SettingsNode.start(url, parts);
    try {
      await put({ reads: [post('/rest/a')] });
      const deadline = Date.now() + 2000;
      while (inForce(other, '/rest/a') === undefined && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(inForce(other, '/rest/a')).toBe('/rest/a');
    } finally {
      await other.stop();
    }
  });

  it('may be saved again as they are read', async () => {
    await put({ reads: [post('/rest/a')], writes: [{ path: '/rest/b', application: 'jira' }] });
    const { body, headers } = await node.call('GET', '/restrictions/read-write');
    expect((await put(body, { 'if-match': String(headers['etag']) })).status).toBe(200);
  });

  it('refuse a lost update', async () => {
    await put({ reads: [post('/rest/a')] });
    expect((await put({}, { 'if-match': '"0"' })).status).toBe(412);
    expect(inForce(node, '/rest/a')).toBe('/rest/a');
  });

  it('warn of an application that does not exist, and of a read that opens every POST below a path', async () => {
    const { status, body } = await put({
      reads: [post('/rest/a/**'), { path: '/b/**', methods: ['GET'] }],
      writes: [{ path: '/c', application: 'gone' }],
    });
    expect(status).toBe(200);
    expect(body['warnings']).toEqual([
      'reads[0] opens every POST below /rest/a/** to callers who may only read.',
      'writes[0] names the application gone, which does not exist.',
    ]);
  });

  it.each<[string, object, string]>([
    ['a path without slash', { writes: [post('rest/api')] }, 'writes[0].path'],
    ['a path parameter', { reads: [post('/public/..;/rest')] }, 'reads[0].path'],
    ['an empty segment', { reads: [post('/a'), post('//rest')] }, 'reads[1].path'],
    ['an encoded slash', { writes: [post('/rest%2Fapi')] }, 'writes[0].path'],
    ['too long a path', { reads: [post(`/${'x'.repeat(500)}`)] }, 'reads'],
    ['a read without methods', { reads: [{ path: '/a' }] }, 'reads'],
    ['a read of every method', { reads: [{ path: '/a', methods: [] }] }, 'reads'],
    ['a DELETE that reads', { reads: [{ path: '/a', methods: ['DELETE'] }] }, 'reads'],
    ['a PUT that reads', { reads: [{ path: '/a', methods: ['GET', 'PUT'] }] }, 'reads'],
    ['a remote procedure that reads', { reads: [post('/rpc/soap/**')] }, 'reads[0].path'],
    ['an unknown method', { writes: [{ path: '/a', methods: ['get'] }] }, 'writes'],
    ['a key that is none', { writes: [{ path: '/a', application: 'No Key' }] }, 'writes'],
    ['too many entries', { writes: Array(5001).fill(post('/a')) }, 'writes'],
    ['unknown fields', { read: [] }, 'read'],
    ['unknown fields of an entry', { reads: [{ ...post('/a'), query: 'x' }] }, 'reads'],
    ['a list that is none', { reads: null }, 'reads'],
  ])('refuse %s and name the field', async (_title, body, field) => {
    const answer = await put(body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body['errors'])).toContain(`"field":"${field}`);
    expect((await node.call('GET', '/restrictions/read-write')).headers['etag']).toBe('"0"');
  });

  it('take five thousand entries each', async () => {
    const entries = Array.from({ length: 5000 }, (_, i) => post(`/rest/app/${i}/run`));
    expect((await put({ reads: entries, writes: entries })).status).toBe(200);
    expect(inForce(node, '/rest/app/4999/run')).toBe('/rest/app/4999/run');
  });

  it('come with the shipped catalogue: POSTs that read and GETs that write', async () => {
    const { status, body } = await node.call('GET', '/restrictions/read-write/catalogue');
    expect(status).toBe(200);
    expect(body['nextCursor']).toBeNull();
    const description = expect.any(String) as string;
    expect(body['items']).toContainEqual({
      classification: 'read',
      product: 'jira',
      methods: ['POST'],
      path: '/rest/api/2/search',
      description,
      fixed: false,
    });
    expect(body['items']).toContainEqual({
      classification: 'write',
      product: null,
      methods: ['GET', 'HEAD', 'OPTIONS'],
      path: '/rpc/**',
      description,
      fixed: true,
    });
  });
});
