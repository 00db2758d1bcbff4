import { ALICE, AttackWorld, get, post, RITA } from '../../support/attack-world.js';
import { auditOf, issueToken } from '../../support/dataplane.js';

const QUERY = '/rest/standin/1.0/query';
const body = ['Content-Type: application/json', 'X-Atlassian-Token: no-check', 'Content-Length: 2'];
const postAs = (field: string, target: string): string => post(target, [field, ...body], '{}');

/** The lists of reads and writes on raw sockets, where no client tidies a path up. */
describe('the lists of reads and writes against attacks', () => {
  let world: AttackWorld;
  let readToken: string;

  beforeAll(async () => {
    world = await AttackWorld.start();
    readToken = `Authorization: Bearer ${(await issueToken(world.gateway.admin, 'bob', { scope: 'read' })).token}`;
  }, 60_000);

  afterAll(() => world?.stop());

  const save = (settings: object): Promise<unknown> =>
    world.gateway.admin.call('PUT', '/restrictions/read-write', settings);
  const explain = (method: string, path: string): Promise<Record<string, unknown>> =>
    world.gateway.admin.call('POST', '/decisions', { application: 'jira', method, path, username: 'rita' });
  const reasonOf = async (raw: string): Promise<string | number> => {
    const { status, body: text } = await world.send(raw);
    return status === 403 ? (JSON.parse(text.toString()) as { code: string }).code : status;
  };

  it('a POST is open to who may only read from the answer of the change on, and closed again likewise', async () => {
    await save({});
    expect(await reasonOf(postAs(RITA, QUERY))).toBe('read_only_user');
    expect(await reasonOf(postAs(readToken, QUERY))).toBe('token_scope');
    await save({ reads: [{ methods: ['POST'], path: QUERY, application: 'jira' }] });
    expect([await reasonOf(postAs(RITA, QUERY)), await reasonOf(postAs(readToken, QUERY))]).not.toContain(
      403,
    );
    expect(await explain('POST', QUERY)).toMatchObject({
      decision: 'forward',
      classification: 'read',
      classifiedBy: { source: 'setting', path: QUERY },
    });
    await save({ reads: [] });
    expect(await reasonOf(postAs(RITA, QUERY))).toBe('read_only_user');
    expect(await explain('POST', QUERY)).toMatchObject({
      decision: 'deny',
      reason: 'read_only_user',
      classification: 'write',
      classifiedBy: { source: 'rule', path: null },
    });
  });

  it.each([
    ['an escape that need not be', '/rest/standin/1.0/%71uery'],
    ['an escaped percent sign', `${QUERY}%2561`],
    ['a slash at the end', `${QUERY}/`],
    ['a media ending', `${QUERY}.json`],
    ['another case', '/rest/standin/1.0/QUERY'],
    ['more behind it', `${QUERY}/run`],
  ])('a read is taken literally: %s is a write', async (_title, target) => {
    await save({ reads: [{ methods: ['POST'], path: QUERY }] });
    expect(await reasonOf(postAs(RITA, target))).toBe('read_only_user');
  });

  it.each([
    ['as listed', '/rest/jobs/1.0/@all/start'],
    ['in another version', '/rest/jobs/latest/@all/start'],
    ['with an escaped delimiter', '/rest/jobs/1.0/%40all/start'],
    ['with an escape that need not be', '/rest/jobs/1.0/@all/st%61rt'],
    ['with a slash at the end', '/rest/jobs/1.0/@all/start/'],
    ['with a media ending', '/rest/jobs/1.0/@all/start.json'],
  ])('a GET that was listed as a write is one %s', async (_title, target) => {
    await save({
      reads: [{ methods: ['GET'], path: '/**' }],
      writes: [{ methods: ['GET'], path: '/rest/jobs/1.0/@all/start' }],
    });
    expect(await reasonOf(get(target, RITA))).toBe('read_only_user');
    expect(await reasonOf(get(target, readToken))).toBe('token_scope');
    expect(await reasonOf(get('/rest/api/2/myself', RITA))).toBe(200);
  });

  it('the method that is sent counts, not the one that a field claims', async () => {
    await save({ reads: [{ methods: ['POST'], path: QUERY }] });
    world.jira.clear();
    await world.send(post(QUERY, [RITA, 'X-HTTP-Method-Override: DELETE', ...body], '{}'));
    const [seen] = world.jira.requestsTo(QUERY);
    expect([seen?.method, seen?.header('X-HTTP-Method-Override')]).toEqual(['POST', []]);
  });

  it.each(['/rest/pat/latest/tokens', '/rest/auth/1/session', '/rest/ssh/1.0/keys'])(
    'no list opens what makes credentials: %s',
    async (path) => {
      await save({ reads: [{ methods: ['GET', 'POST'], path: '/**' }] });
      expect(await reasonOf(postAs(RITA, path))).toBe('read_only_user');
      expect(await reasonOf(postAs(readToken, path))).toBe('token_scope');
      expect(await reasonOf(postAs(ALICE, path))).toBe('endpoint_protected');
    },
  );

  it('an admin change of the lists is in the audit log with before and after', async () => {
    await save({});
    const answer = await world.gateway.admin.send('PUT', '/restrictions/read-write', {
      writes: [{ methods: ['GET'], path: '/rest/x' }],
    });
    const [event] = await auditOf(world.gateway.admin, answer.headers.get('x-request-id') as string);
    expect(event).toMatchObject({
      target: 'restrictions/read-write',
      before: { reads: [], writes: [] },
      after: { reads: [], writes: [{ methods: ['GET'], path: '/rest/x' }] },
    });
  });
});
