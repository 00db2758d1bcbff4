import { createPublicKey } from 'node:crypto';
import { ApplicationNode } from './application-world.js';
import type { Answer } from './application-world.js';

const JIRA = { key: 'jira', product: 'jira', baseUrl: 'https://jira.example.com/jira/' };
const DIRECTORY = { kind: 'application', username: 'svc', password: 'first-password' };

function faultsOf({ body }: Answer): string[] {
  return body.errors.map(({ field }: { field: string }) => field);
}

describe('the applications API', () => {
  let node: ApplicationNode;

  beforeEach(async () => {
    node = await ApplicationNode.start();
  });

  afterEach(() => node.stop());

  const create = (body: object): Promise<Answer> => node.call('POST', '/applications', body);

  it('creates an application with defaults, and shows and lists it', async () => {
    const made = await create(JIRA);
    expect(made.status).toBe(201);
    expect(made.headers['etag']).toBe('"1"');
    expect(made.body).toMatchObject({
      key: 'jira',
      name: 'jira',
      product: 'jira',
      baseUrl: 'https://jira.example.com/jira',
      pathPrefix: '/jira',
      enabled: true,
      webTraffic: 'forward',
      sessionCookies: 'forward',
      applicationLinks: 'forward',
      identity: { mode: 'none' },
      directory: { kind: 'application', passwordSet: false },
      identityCheck: 'strict',
      timeouts: { connectMs: 5000, headersMs: 60000, idleMs: 300000 },
      openedEndpoints: [],
    });
    expect((await node.call('GET', '/applications/jira')).body).toEqual(made.body);
    expect((await node.call('GET', '/applications')).body).toEqual({ items: [made.body], nextCursor: null });
  });

  it('puts a change in force before it answers, and an old ETag does not win', async () => {
    await create(JIRA);
    const changed = await node.call(
      'PATCH',
      '/applications/jira',
      { webTraffic: 'block' },
      { headers: { 'if-match': '"1"' } },
    );
    expect(changed).toMatchObject({ status: 200, headers: { etag: '"2"' }, body: { webTraffic: 'block' } });
    expect(node.application('jira')).toMatchObject({
      webTraffic: 'block',
      origin: 'https://jira.example.com',
      host: 'jira.example.com',
      contextPath: '/jira',
    });
    const late = await node.call(
      'PATCH',
      '/applications/jira',
      { name: 'Lost' },
      { headers: { 'if-match': '"1"' } },
    );
    expect(late).toMatchObject({ status: 412, body: { code: 'precondition_failed' } });
    expect((await node.call('GET', '/applications/jira')).body.name).toBe('jira');
  });

  it('deletes an application', async () => {
    await create(JIRA);
    expect((await node.call('DELETE', '/applications/jira')).status).toBe(204);
    expect((await node.call('GET', '/applications/jira')).status).toBe(404);
    expect((await node.call('PATCH', '/applications/jira', { name: 'x' })).status).toBe(404);
    expect((await node.call('DELETE', '/applications/jira')).status).toBe(404);
    expect(() => node.application('jira')).toThrow();
  });

  it('never shows a secret, keeps it when it is absent, and keeps it sealed in the database', async () => {
    const made = await create({ ...JIRA, directory: DIRECTORY });
    expect(made.body.directory).toEqual({
      kind: 'application',
      username: 'svc',
      passwordSet: true,
      personalAccessTokenSet: false,
    });
    await node.call('PATCH', '/applications/jira', { directory: { kind: 'application', username: 'svc2' } });
    expect(node.application('jira').directory).toEqual({
      kind: 'application',
      username: 'svc2',
      password: 'first-password',
    });
    const [row] = await node.dataSource.query<{ text: string }[]>(
      'SELECT row_to_json(a)::text AS text FROM applications a',
    );
    expect(row?.text).toContain('svc2');
    expect(row?.text).not.toContain('first-password');
    expect(JSON.stringify(node.changes)).not.toContain('first-password');
  });

  it('says in the audit log that a secret was changed, not to what', async () => {
    await create({ ...JIRA, directory: DIRECTORY });
    await node.call('PATCH', '/applications/jira', {
      directory: { ...DIRECTORY, password: 'second-password' },
    });
    expect(node.changes.at(-1)).toMatchObject({
      target: 'applications/jira',
      by: 'admin',
      after: { changedSecrets: ['directory.password'] },
    });
    expect(JSON.stringify(node.changes)).not.toContain('second-password');
  });

  it('drops the password when a personal access token takes its place', async () => {
    await create({ ...JIRA, directory: DIRECTORY });
    const directory = { kind: 'application', personalAccessToken: 'token-of-the-service-account' };
    await node.call('PATCH', '/applications/jira', { directory });
    expect(node.application('jira').directory).toEqual(directory);
  });

  it('does not send a stored Crowd password to another address', async () => {
    const crowd = {
      kind: 'crowd',
      baseUrl: 'https://crowd.example.com/crowd',
      username: 'restgate',
      password: 'app-password',
    };
    await create({ ...JIRA, directory: crowd });
    const moved = { kind: 'crowd', baseUrl: 'https://elsewhere.example.com', username: 'restgate' };
    const answer = await node.call('PATCH', '/applications/jira', { directory: moved });
    expect(answer.status).toBe(400);
    expect(faultsOf(answer)).toEqual(['directory.password']);
  });

  it('makes an RSA key for oauth1 and keeps it whatever the mode is meanwhile', async () => {
    const made = await create({ ...JIRA, identity: { mode: 'oauth1' } });
    const { publicKey, consumerKey, setup } = made.body.identity;
    expect(consumerKey).toBe('restgate');
    expect(createPublicKey(publicKey).asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 });
    expect(setup).toContainEqual({ field: 'Public Key', value: publicKey });
    expect(JSON.stringify(made.body)).not.toContain('PRIVATE');
    await node.call('PATCH', '/applications/jira', { identity: { mode: 'none' } });
    const back = await node.call('PATCH', '/applications/jira', {
      identity: { mode: 'oauth1', consumerKey: 'other' },
    });
    expect(back.body.identity).toMatchObject({ publicKey, consumerKey: 'other' });
    const [row] = await node.dataSource.query<{ text: string }[]>(
      'SELECT key_pairs::text AS text FROM applications',
    );
    expect(row?.text).not.toContain('PRIVATE KEY');
  });

  it('rotates the key in two steps', async () => {
    const made = await create({ ...JIRA, identity: { mode: 'oauth1' } });
    expect((await node.call('POST', '/applications/jira/identity-key/activation')).status).toBe(409);
    const prepared = await node.call('POST', '/applications/jira/identity-key/rotation');
    expect(prepared.status).toBe(201);
    const { publicKey, nextPublicKey } = prepared.body.identity;
    expect(publicKey).toBe(made.body.identity.publicKey);
    expect(node.application('jira').identity).toMatchObject({ publicKeyPem: publicKey });
    const activated = await node.call('POST', '/applications/jira/identity-key/activation');
    expect(activated.body.identity.publicKey).toBe(nextPublicKey);
    expect(activated.body.identity.nextPublicKey).toBeUndefined();
    expect(node.application('jira').identity).toMatchObject({ publicKeyPem: nextPublicKey });
  });

  it('gives the next key a consumer key of its own, so that the application can trust both', async () => {
    await create({ ...JIRA, identity: { mode: 'oauth1' } });
    const rotation = '/applications/jira/identity-key/rotation';
    expect((await node.call('POST', rotation, { consumerKey: 'two words' })).status).toBe(400);
    expect((await node.call('POST', rotation, { unknown: 1 })).status).toBe(400);
    const prepared = await node.call('POST', rotation, { consumerKey: 'restgate-2' });
    expect(prepared.body.identity).toMatchObject({ consumerKey: 'restgate', nextConsumerKey: 'restgate-2' });
    expect(node.application('jira').identity).toMatchObject({ consumerKey: 'restgate' });
    await node.call('PATCH', '/applications/jira', { name: 'In between' });
    const { body } = await node.call('POST', '/applications/jira/identity-key/activation');
    expect(body.identity).toMatchObject({
      consumerKey: 'restgate-2',
      publicKey: prepared.body.identity.nextPublicKey,
    });
    expect(body.identity.nextConsumerKey).toBeUndefined();
    expect(node.application('jira').identity).not.toHaveProperty('next');
  });

  it('refuses to rotate where no key signs', async () => {
    await create(JIRA);
    expect((await node.call('POST', '/applications/jira/identity-key/rotation')).status).toBe(409);
  });

  it('refuses a second application with the same key or the same place', async () => {
    await create(JIRA);
    expect(await create({ ...JIRA, pathPrefix: '/other' })).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    });
    expect(await create({ ...JIRA, key: 'two', pathPrefix: '/JIRA' })).toMatchObject({ status: 409 });
    expect((await create({ ...JIRA, key: 'two', hostname: 'Jira.Example.com' })).status).toBe(201);
    expect(await create({ ...JIRA, key: 'three', hostname: 'jira.example.com' })).toMatchObject({
      status: 409,
    });
  });

  it('refuses to delete an application whose directory another one uses', async () => {
    await create({ ...JIRA, directory: DIRECTORY });
    const wiki = { key: 'wiki', product: 'confluence', baseUrl: 'https://wiki.example.com' };
    await create({ ...wiki, directory: { kind: 'application', application: 'jira' } });
    expect((await node.call('DELETE', '/applications/jira')).status).toBe(409);
  });

  it('does not take null where a value is needed, and clears with null what may be absent', async () => {
    await create({ ...JIRA, anonymousAccess: 'deny', hostname: 'jira.example.com' });
    const refused = await node.call('PATCH', '/applications/jira', { name: null, baseUrl: null });
    expect(faultsOf(refused)).toEqual(['name', 'baseUrl']);
    const cleared = await node.call('PATCH', '/applications/jira', { anonymousAccess: null, hostname: null });
    expect(cleared.body).not.toHaveProperty('anonymousAccess');
    expect(cleared.body).toMatchObject({ pathPrefix: '/jira' });
    expect(cleared.body).not.toHaveProperty('hostname');
  });
});

describe('the applications API, told something wrong,', () => {
  let node: ApplicationNode;

  beforeAll(async () => {
    node = await ApplicationNode.start();
  });

  afterAll(() => node.stop());

  it.each([
    ['an unknown field', { colour: 'red' }, 'colour'],
    ['a key with capitals', { key: 'Jira' }, 'key'],
    ['an unknown product', { product: 'bamboo' }, 'product'],
    ['a base URL with a password', { baseUrl: 'https://a:b@jira.example.com' }, 'baseUrl'],
    ['a base URL with a query', { baseUrl: 'https://jira.example.com/?x' }, 'baseUrl'],
    ['a base URL that is not http', { baseUrl: 'ftp://jira.example.com' }, 'baseUrl'],
    ['the prefix of the control plane', { pathPrefix: '/restgate' }, 'pathPrefix'],
    ['a prefix that hides REST paths', { pathPrefix: '/rest' }, 'pathPrefix'],
    ['an empty prefix without hostname', { pathPrefix: '' }, 'pathPrefix'],
    ['a hostname with a port', { hostname: 'jira.example.com:8080' }, 'hostname'],
    ['a timeout that is no number', { timeouts: { connectMs: 'soon' } }, 'timeouts.connectMs'],
    ['an unknown identity mode', { identity: { mode: 'magic' } }, 'identity.mode'],
    ['an unknown identity field', { identity: { mode: 'pat', header: 'X' } }, 'identity.header'],
    [
      'a header that has a meaning',
      { identity: { mode: 'header', header: 'Authorization' } },
      'identity.header',
    ],
    [
      'a secret header without secret',
      { identity: { mode: 'header', header: 'X-User', sharedSecretHeader: 'X-S' } },
      'identity.sharedSecret',
    ],
    ['a directory without kind', { directory: {} }, 'directory.kind'],
    [
      'a user name without password',
      { directory: { kind: 'application', username: 'svc' } },
      'directory.password',
    ],
    [
      'a directory of nobody',
      { directory: { kind: 'application', application: 'ghost' } },
      'directory.application',
    ],
    [
      'Crowd without address',
      { directory: { kind: 'crowd', username: 'a', password: 'b' } },
      'directory.baseUrl',
    ],
    ['certificates that are none', { tls: { ca: 'hello' } }, 'tls.ca'],
    ['a private key alone', { tls: { privateKey: 'hello' } }, 'tls.privateKey'],
    ['an opened endpoint that opens everything', { openedEndpoints: ['/**'] }, 'openedEndpoints[0]'],
  ])('names the field of %s', async (_what, change, field) => {
    const answer = await node.call('POST', '/applications', { ...JIRA, ...change });
    expect(answer.status).toBe(400);
    expect(faultsOf(answer)).toContain(field);
  });

  it('names every faulty field at once', async () => {
    const answer = await node.call('POST', '/applications', {
      ...JIRA,
      baseUrl: 'x',
      identity: { mode: 'header' },
      directory: { kind: 'crowd' },
    });
    expect(faultsOf(answer)).toEqual(
      expect.arrayContaining([
        'baseUrl',
        'identity.header',
        'directory.baseUrl',
        'directory.username',
        'directory.password',
      ]),
    );
  });
});
