import { digestOf } from '../../../src/modules/tokens/token-format.policy.js';
import { alice, bob, bootstrap, startWorld } from './token-world.js';
import type { Surroundings, TokenNode } from './token-world.js';

const DAY = 86_400_000;
const usual = { username: 'alice', name: 'ci', scope: 'write' };

describe('the token API for admins', () => {
  let node: TokenNode;
  let surroundings: Surroundings;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    ({ node, surroundings, stop } = await startWorld());
  });

  afterEach(() => stop());

  const create = (body: object): ReturnType<TokenNode['call']> =>
    node.call(bootstrap, 'POST', '/tokens', body);
  const token = (body: object = {}): object => ({ ...usual, ...body });

  it('creates a token that works before the answer is sent, and shows it once', async () => {
    const { status, body } = await create(token({ expiresInDays: 7 }));
    expect(status).toBe(201);
    expect(body).toMatchObject({
      username: 'Alice',
      name: 'ci',
      scope: 'write',
      status: 'active',
      lastUsedAt: null,
    });
    expect(body['token']).toMatch(/^rgt_[0-9A-Za-z]{46}$/);
    expect(body['prefix']).toBe(String(body['token']).slice(0, 12));
    expect(Date.parse(String(body['expiresAt'])) - Date.parse(String(body['createdAt']))).toBe(7 * DAY);
    expect(node.verify(body['token'])).toBe(body['id']);

    const shown = await node.call(bootstrap, 'GET', `/tokens/${String(body['id'])}`);
    const { token: secret, ...rest } = body;
    expect(shown.body).toEqual(rest);
    const [row] = await node.dataSource.query<{ hash: Buffer }[]>('SELECT * FROM api_tokens');
    expect(row?.hash.equals(digestOf(String(secret)))).toBe(true);
    expect(JSON.stringify(row)).not.toContain(String(secret).slice(12));
  });

  it('never writes a token into the audit log', async () => {
    const made = await create(token());
    const rotated = await node.call(bootstrap, 'POST', `/tokens/${String(made.body['id'])}/rotation`, {});
    const written = JSON.stringify(node.changes);
    expect(node.changes.map(({ target }) => target)).toEqual(
      Array(2).fill(`tokens/${String(made.body['id'])}`),
    );
    for (const { body } of [made, rotated]) expect(written).not.toContain(String(body['token']).slice(12));
  });

  it('accepts a user whom any one of the applications knows', async () => {
    surroundings.applications.unshift({ key: 'off', enabled: false, directory: { kind: 'claims' } });
    await node.reload();
    expect((await create(token({ username: 'nobody' }))).status).toBe(400);
    surroundings.applications.push({ key: 'wiki', enabled: true, directory: { kind: 'claims' } });
    await node.reload();
    expect((await create(token({ username: 'nobody' }))).body).toMatchObject({ username: 'nobody' });
    expect((await create(token({ username: 'gone' }))).status).toBe(400);
  });

  it('answers 503 when the directory cannot say whether the user exists', async () => {
    surroundings.directoryAway = true;
    const answer = await create(token());
    expect(answer).toMatchObject({ status: 503, body: { code: 'directory_unavailable' } });
    expect(answer.headers['retry-after']).toBe('5');
  });

  it('changes name, scope, limits and expiry, and only those', async () => {
    const made = await create(token({ paths: ['/rest/**'], allowedIps: ['10.0.0.0/8'] }));
    const path = `/tokens/${String(made.body['id'])}`;
    const changed = await node.call(bootstrap, 'PATCH', path, { name: 'deploy', scope: 'read', paths: null });
    expect(changed.body).toMatchObject({
      name: 'deploy',
      scope: 'read',
      paths: null,
      allowedIps: ['10.0.0.0/8'],
    });
    expect(changed.body['expiresAt']).toBe(made.body['expiresAt']);
    expect((await node.call(bootstrap, 'PATCH', path, { expiresAt: null })).body['expiresAt']).toBeNull();
    expect((await node.call(bootstrap, 'PATCH', path, { username: 'bob' })).status).toBe(400);
    expect((await node.call(bootstrap, 'PATCH', path, { name: null })).status).toBe(400);
    expect(node.verify(made.body['token'])).toBe(made.body['id']);
  });

  it('revokes a token for good, and again without complaint', async () => {
    const made = await create(token());
    const path = `/tokens/${String(made.body['id'])}`;
    expect((await node.call(bootstrap, 'DELETE', path)).status).toBe(204);
    expect(node.verify(made.body['token'])).toBe('token_revoked');
    const { body } = await node.call(bootstrap, 'GET', path);
    expect(body).toMatchObject({ status: 'revoked', revokedBy: 'bootstrap-admin' });
    expect((await node.call(bootstrap, 'DELETE', path)).status).toBe(204);
    expect((await node.call(bootstrap, 'GET', path)).body['revokedAt']).toBe(body['revokedAt']);
    expect((await node.call(bootstrap, 'PATCH', path, { name: 'x' })).status).toBe(409);
    expect((await node.call(bootstrap, 'POST', `${path}/rotation`, {})).status).toBe(409);
  });

  it('revokes all tokens of one user and nobody else', async () => {
    const mine = [await create(token()), await create(token()), await create(token({ username: 'bob' }))];
    const answer = await node.call(bootstrap, 'DELETE', '/tokens?username=ALICE');
    expect(answer).toMatchObject({ status: 200, body: { revoked: 2 } });
    expect(mine.map(({ body }) => node.verify(body['token']))).toEqual([
      'token_revoked',
      'token_revoked',
      mine[2]?.body['id'],
    ]);
    expect((await node.call(bootstrap, 'DELETE', '/tokens')).status).toBe(400);
  });

  it.each(['GET', 'PATCH', 'DELETE'])('answers 404 to %s of a token that does not exist', async (method) => {
    for (const id of ['0190aaaa-0001-7001-8001-00000000000a', 'nonsense', "1'--"]) {
      const answer = await node.call(bootstrap, method, `/tokens/${id}`, method === 'PATCH' ? {} : undefined);
      expect([answer.status, answer.body['code']]).toEqual([404, 'not_found']);
    }
  });

  it('lists by owner, status, expiry, use and text, newest first, page by page', async () => {
    const names: string[] = [];
    for (const [i, username] of ['alice', 'bob', 'alice'].entries()) {
      const { body } = await create(token({ username, name: `job_${i}`, expiresInDays: i + 1 }));
      names.push(String(body['name']));
      if (i === 0) await node.call(bootstrap, 'DELETE', `/tokens/${String(body['id'])}`);
    }
    const list = async (query: string): Promise<unknown[]> => {
      const { body } = await node.call(bootstrap, 'GET', `/tokens?${query}`);
      return (body['items'] as { name: string }[]).map(({ name }) => name);
    };
    const inTwoDays = new Date(Date.now() + 2.5 * DAY).toISOString();
    expect(await list('')).toEqual(['job_2', 'job_1', 'job_0']);
    expect(await list('username=ALICE')).toEqual(['job_2', 'job_0']);
    expect(await list('status=active')).toEqual(['job_2', 'job_1']);
    expect(await list('status=revoked')).toEqual(['job_0']);
    expect(await list('status=expired')).toEqual([]);
    expect(await list(`expiresBefore=${inTwoDays}`)).toEqual(['job_1', 'job_0']);
    expect(await list(`unusedSince=${inTwoDays}`)).toHaveLength(3);
    expect(await list('query=JOB_1')).toEqual(['job_1']);
    expect(await list('query=job%25')).toEqual([]);
    const first = await node.call(bootstrap, 'GET', '/tokens?limit=2');
    expect(await list(`limit=2&cursor=${String(first.body['nextCursor'])}`)).toEqual(['job_0']);
    expect((await node.call(bootstrap, 'GET', '/tokens?cursor=zz')).status).toBe(400);
    expect((await node.call(bootstrap, 'GET', '/tokens?limit=501')).status).toBe(400);
    expect((await node.call(bootstrap, 'GET', '/tokens?nonsense=1')).status).toBe(400);
  });

  it('T-07 lets nobody have more active tokens than the settings allow', async () => {
    await node.call(bootstrap, 'PUT', '/token-settings', { maxTokensPerUser: 1 });
    const first = await create(token());
    expect(await create(token())).toMatchObject({ status: 409, body: { code: 'too_many_tokens' } });
    expect((await create(token({ username: 'bob' }))).status).toBe(201);
    await node.call(bootstrap, 'DELETE', `/tokens/${String(first.body['id'])}`);
    expect((await create(token())).status).toBe(201);
  });

  it('does not let two simultaneous requests pass the maximum together', async () => {
    await node.call(bootstrap, 'PUT', '/token-settings', { maxTokensPerUser: 3 });
    const answers = await Promise.all(Array.from({ length: 12 }, () => create(token())));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
  });

  it('lists tokens that break the rules of today', async () => {
    await create(token({ name: 'long', expiresAt: null }));
    await create(token({ name: 'fine', expiresInDays: 5 }));
    await create(token({ name: 'left', username: 'bob', expiresInDays: 5 }));
    await node.call(alice, 'POST', '/me/tokens', { name: 'own', scope: 'read', expiresInDays: 5 });
    await node.call(bootstrap, 'PUT', '/token-settings', { maxLifetimeDays: 10 });
    surroundings.users = { alice: { active: true, groups: [] } };
    const tokenCreation = { enabled: true, groups: ['writers'], groupKeys: new Set(['writers']) };
    surroundings.restrictions = { ...surroundings.restrictions, tokenCreation };
    await node.reload();
    const { body } = await node.call(bootstrap, 'GET', '/tokens/violations');
    const found = (body['items'] as { name: string; violations: string[] }[]).map((item) => [
      item.name,
      item.violations,
    ]);
    expect(found).toEqual([
      ['own', ['owner_not_in_group']],
      ['left', ['owner_unknown']],
      ['long', ['lifetime_over_maximum']],
    ]);
    expect(body['nextCursor']).toBeNull();
  });

  it('lists admin tokens of those who are no admins any more', async () => {
    await node.call(bootstrap, 'PATCH', '/global-settings', { adminGroups: ['STAFF'] });
    await node.call({ level: 'admin' }, 'POST', '/me/tokens', { name: 'mine', scope: 'admin' });
    await create(token({ name: 'given by an admin', username: 'bob', scope: 'admin' }));
    const listed = async (): Promise<unknown[]> =>
      (await node.call(bootstrap, 'GET', '/tokens/violations')).body['items'] as unknown[];
    expect(await listed()).toEqual([]);
    surroundings.users['Alice'] = { active: true, groups: [] };
    expect(await listed()).toMatchObject([{ name: 'mine', violations: ['owner_not_admin'] }]);
  });

  it('keeps the settings by ETag: a lost update is refused', async () => {
    const before = await node.call(bob, 'GET', '/token-settings');
    expect(before.body).toEqual({
      maxLifetimeDays: null,
      defaultLifetimeDays: 30,
      maxTokensPerUser: 100,
      deleteExpiredAfterDays: 90,
    });
    const put = (body: object, etag: unknown): ReturnType<TokenNode['call']> =>
      node.call(bootstrap, 'PUT', '/token-settings', body, { 'if-match': etag });
    const saved = await put({ maxLifetimeDays: 7 }, before.headers['etag']);
    expect(saved.body).toMatchObject({ maxLifetimeDays: 7, defaultLifetimeDays: 7 });
    expect(saved.headers['etag']).toBe('"1"');
    expect((await put({ maxLifetimeDays: 9 }, before.headers['etag'])).status).toBe(412);
    expect((await put({ maxLifetimeDays: 7, defaultLifetimeDays: 8 }, '*')).status).toBe(400);
    expect((await put({ maxLifetimeDays: -1 }, '*')).status).toBe(400);
    expect((await node.call(bob, 'GET', '/token-settings')).headers['etag']).toBe('"1"');
  });
});

describe('a faulty request for a token', () => {
  let node: TokenNode;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    ({ node, stop } = await startWorld());
  });

  afterAll(() => stop());

  it.each([
    ['an unknown user', { username: 'nobody' }, 'username'],
    ['an inactive user', { username: 'gone' }, 'username'],
    ['no name', { name: ' ' }, 'name'],
    ['a name with a line break', { name: 'a\nb' }, 'name'],
    ['a name with a NUL in it', { name: 'a\0b' }, 'name'],
    ['a name that turns the text around it', { name: 'ci \u202egpj' }, 'name'],
    ['half a letter as name', { name: 'a\ud800b' }, 'name'],
    ['a user name with a NUL in it', { username: 'al\0ice' }, 'username'],
    ['a name that is too long', { name: 'x'.repeat(101) }, 'name'],
    ['an unknown scope', { scope: 'all' }, 'scope'],
    ['no scope', { scope: undefined }, 'scope'],
    ['an application that does not exist', { applications: ['wiki'] }, 'applications.0'],
    ['an empty list of applications', { applications: [] }, 'applications'],
    ['a path pattern that can match nothing', { paths: ['/ok/**', 'rest/api'] }, 'paths.1'],
    ['a short address', { allowedIps: ['10.1'] }, 'allowedIps.0'],
    ['too many addresses', { allowedIps: Array(101).fill('10.0.0.1') }, 'allowedIps'],
    ['days that are no number', { expiresInDays: '7' }, 'expiresInDays'],
    ['no days', { expiresInDays: 0 }, 'expiresInDays'],
    ['a time that is none', { expiresAt: '2099-99-99' }, 'expiresAt'],
    ['a time in the past', { expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
    ['an unknown field', { admin: true }, 'admin'],
  ])('refuses %s with 400 and names the field', async (_what, change, field) => {
    const { status, body } = await node.call(bootstrap, 'POST', '/tokens', { ...usual, ...change });
    expect(status).toBe(400);
    expect(body['errors']).toContainEqual(expect.objectContaining({ field }));
    expect(node.changes).toEqual([]);
  });

  it.each(['query=%00', 'username=a%00b'])(
    'answers 400 to a filter that no text can match (%s)',
    async (query) => {
      expect((await node.call(bootstrap, 'GET', `/tokens?${query}`)).status).toBe(400);
    },
  );

  it('takes names in every language, and with pictures', async () => {
    for (const name of ['été', '夜間ビルド', 'ночь', '👩‍💻 ci', "o'brien"]) {
      expect((await node.call(bootstrap, 'POST', '/tokens', { ...usual, name })).body).toMatchObject({
        name,
      });
    }
  });
});
