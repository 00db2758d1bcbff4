import { PUBLIC_API } from '../../../src/modules/public-api/public-api.port.js';
import { PublicApiController } from '../../../src/modules/public-api/public-api.controller.js';
import { PublicApiService } from '../../../src/modules/public-api/public-api.service.js';
import { startSettingsNode } from '../../support/settings-node.js';
import type { Answer, SettingsNode } from '../../support/settings-node.js';

const parts = { controllers: [PublicApiController], providers: [PublicApiService] };
const nothing = { restricted: [], bypass: [], additionalPublic: [] };
const rule = (path: string, methods: string[] = []): { path: string; methods: string[] } => ({
  path,
  methods,
});

describe('the lists of public APIs', () => {
  let node: SettingsNode;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    ({ node, stop } = await startSettingsNode(parts));
  });

  afterEach(() => stop());

  const put = (body: object, headers: Record<string, string> = {}): Promise<Answer> =>
    node.call('PUT', '/public-api', body, { headers });

  it('begin empty', async () => {
    const { body, headers } = await node.call('GET', '/public-api');
    expect(body).toEqual(nothing);
    expect(headers['etag']).toBe('"0"');
  });

  it('are in force before the answer, and audited', async () => {
    const { status, headers, body } = await put({
      bypass: [{ path: '/rest/webhooks/**', methods: ['POST', 'HEAD'] }],
    });
    expect([status, headers['etag']]).toEqual([200, '"1"']);
    expect(body).toEqual({ ...nothing, bypass: [rule('/rest/webhooks/**', ['GET', 'POST'])], warnings: [] });
    expect(PUBLIC_API.of(node.changeFeed.current).bypass.match('/rest/webhooks/1')?.path).toBe(
      '/rest/webhooks/**',
    );
    expect(node.changes).toMatchObject([{ target: 'public-api', before: nothing, by: 'root' }]);
  });

  it('may be saved again as they are read', async () => {
    await put({ restricted: [{ path: '/rest/api/2/dashboard', application: 'jira' }] });
    const { body, headers } = await node.call('GET', '/public-api');
    expect((await put(body, { 'if-match': String(headers['etag']) })).status).toBe(200);
  });

  it('refuse a lost update', async () => {
    await put({ bypass: [rule('/a')] });
    expect((await put({}, { 'if-match': '"0"' })).status).toBe(412);
  });

  it('warn of an application that does not exist, and of a rule that opens everything', async () => {
    const { status, body } = await put({ bypass: [rule('/**'), { path: '/a', application: 'gone' }] });
    expect(status).toBe(200);
    expect(body['warnings']).toHaveLength(2);
  });

  it.each<[string, object, string]>([
    ['a path without slash', { bypass: [rule('rest/api')] }, 'bypass[0].path'],
    ['P-05 a path parameter', { bypass: [rule('/public/..;/rest')] }, 'bypass[0].path'],
    [
      'P-01 a dot segment',
      { additionalPublic: [rule('/a'), rule('/public/../rest')] },
      'additionalPublic[1].path',
    ],
    ['P-11 an empty segment', { restricted: [rule('//rest')] }, 'restricted[0].path'],
    ['an encoded slash', { restricted: [rule('/rest%2Fapi')] }, 'restricted[0].path'],
    ['too long a path', { restricted: [rule(`/${'x'.repeat(500)}`)] }, 'restricted'],
    ['an unknown method', { restricted: [rule('/a', ['get'])] }, 'restricted'],
    ['a key that is none', { restricted: [{ path: '/a', application: 'No Key' }] }, 'restricted'],
    ['too many rules', { restricted: Array(5001).fill(rule('/a')) }, 'restricted'],
    ['unknown fields', { public: [] }, 'public'],
    ['a list that is none', { bypass: null }, 'bypass'],
  ])('refuse %s and name the field', async (_title, body, field) => {
    const answer = await put(body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body['errors'])).toContain(`"field":"${field}`);
  });

  it('come with a catalogue of what every product makes public', async () => {
    const { status, body } = await node.call('GET', '/public-api/catalogue');
    expect(status).toBe(200);
    expect(body['nextCursor']).toBeNull();
    expect(body['items']).toContainEqual({
      product: 'jira',
      path: '/rest/api/2/serverInfo',
      methods: ['GET', 'HEAD'],
      description: expect.any(String) as string,
    });
  });
});
