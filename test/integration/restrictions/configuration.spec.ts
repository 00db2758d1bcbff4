import { startTestRestgate } from '../../support/restgate.js';
import type { TestRestgate } from '../../support/restgate.js';

type Document = Record<string, unknown>;

describe('the restrictions in the configuration document', () => {
  let gateway: TestRestgate;

  beforeAll(async () => {
    gateway = await startTestRestgate();
  }, 60_000);

  afterAll(() => gateway.stop());

  const put = (document: Document, query = ''): Promise<Response> =>
    gateway.admin.send('PUT', `/configuration${query}`, document);
  const stored = (): Promise<Document> => gateway.admin.call('GET', '/configuration');

  it('are exported and applied, lists of public APIs too', async () => {
    const document = await stored();
    const groupRestrictions = {
      ...(document['groupRestrictions'] as object),
      readOnly: { enabled: true, groups: ['readers'] },
    };
    const ipRestrictions = {
      ...(document['ipRestrictions'] as object),
      enabled: true,
      allowed: ['127.0.0.1'],
    };
    const publicApi = {
      restricted: [],
      bypass: [{ methods: ['POST'], path: '/rest/x/**' }],
      additionalPublic: [],
    };
    const readWrite = {
      reads: [{ application: 'jira', methods: ['POST'], path: '/rest/x/query' }],
      writes: [{ methods: [], path: '/rest/x/**' }],
    };
    const answer = await put({ ...document, groupRestrictions, ipRestrictions, publicApi, readWrite });
    expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
    expect(await stored()).toMatchObject({ groupRestrictions, ipRestrictions, publicApi, readWrite });
    expect(await gateway.admin.call('GET', '/restrictions/read-write')).toEqual(readWrite);
    expect(await gateway.admin.call('GET', '/restrictions/ip')).toMatchObject({ enabled: true });
  });

  it('come out byte for byte as they went in', async () => {
    const text = await (await gateway.admin.send('GET', '/configuration')).text();
    expect((await put(JSON.parse(text) as Document)).status).toBe(200);
    expect(await (await gateway.admin.send('GET', '/configuration')).text()).toBe(text);
    const versions = await gateway.admin.call<{ items: unknown[] }>(
      'GET',
      '/configuration/versions?key=restrictions%2Fread-write',
    );
    expect(versions.items).toHaveLength(1);
  });

  it('are refused with the same checks, and nothing is kept', async () => {
    const document = await stored();
    const ipRestrictions = {
      ...(document['ipRestrictions'] as object),
      enabled: true,
      allowed: ['203.0.113.7'],
    };
    const publicApi = { restricted: [{ methods: [], path: '//x' }], bypass: [], additionalPublic: [] };
    expect((await put({ ...document, ipRestrictions })).status).toBe(409);
    expect((await put({ ...document, publicApi })).status).toBe(400);
    const readWrite = { reads: [{ methods: ['DELETE'], path: '/x' }], writes: [] };
    expect((await put({ ...document, readWrite })).status).toBe(400);
    expect(await stored()).toEqual(document);
  });
});
