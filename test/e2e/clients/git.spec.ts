import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGitRepositories } from '../../support/atlassian/git-backend.js';
import type { GitRepositories } from '../../support/atlassian/git-backend.js';
import { isInstalled, runClient, startClientWorld } from '../../support/client-world.js';
import type { ClientWorld, Finished } from '../../support/client-world.js';
import { auditOf, basic } from '../../support/dataplane.js';

const MODES = ['oauth1', 'header', 'pat'] as const;
const REPOSITORY = '/scm/TEAM/demo.git';
const PUBLIC_REPOSITORY = '/scm/PUB/demo.git';
const UPLOAD = '/info/refs?service=git-upload-pack';
const RECEIVE = '/info/refs?service=git-receive-pack';
const WRONG_TOKEN = `rgt_${'x'.repeat(43)}`;

const hasLargeFiles = isInstalled('git', ['lfs', 'version']);

const readOnlyReaders = (world: ClientWorld) =>
  world.gateway.admin.call('PUT', '/restrictions/groups', {
    apiAccess: { enabled: false, groups: [] },
    readOnly: { enabled: true, groups: ['readers'] },
  });

/** What any git client sends and sees, said with fetch: holds also where git is not installed. */
describe.each(['block', 'forward'] as const)('git over HTTP with webTraffic %s', (webTraffic) => {
  let world: ClientWorld;
  let alice: string;
  const ask = (path: string, headers: Record<string, string> = {}) =>
    fetch(world.url + path, { headers, redirect: 'manual' });

  beforeAll(async () => {
    world = await startClientWorld({ identity: 'header', product: 'bitbucket', settings: { webTraffic } });
    alice = await world.tokenFor('alice');
    await readOnlyReaders(world);
  }, 60_000);
  beforeEach(() => world.standIn.clear());
  afterAll(() => world?.stop());

  it('the first request, which has no credential, is challenged for Basic', async () => {
    const answer = await ask(REPOSITORY + UPLOAD);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('WWW-Authenticate')).toContain('Basic realm=');
    expect(world.standIn.requestsTo('/scm/').map((each) => each.user)).toEqual(
      webTraffic === 'block' ? [] : [null],
    );
  });

  it('an API token as password acts as its owner', async () => {
    const answer = await ask(REPOSITORY + UPLOAD, { Authorization: basic('alice', alice) });
    expect([answer.status, await answer.text()]).toEqual([200, 'refs for alice']);
    expect(world.standIn.last()).toMatchObject({ user: 'alice', authenticatedBy: 'trusted-header' });
  });

  it('a wrong token is refused in plain text, which git prints', async () => {
    const answer = await ask(REPOSITORY + UPLOAD, {
      Authorization: basic('alice', WRONG_TOKEN),
      'X-Request-Id': 'wrong-token',
    });
    expect([answer.status, answer.headers.get('Content-Type')]).toEqual([401, 'text/plain;charset=UTF-8']);
    expect(await answer.text()).toMatch(/^The token .+\(token_malformed, request wrong-token\)\n$/);
    expect(answer.headers.get('WWW-Authenticate')).toContain('Basic realm=');
    expect(await auditOf(world.gateway.admin, 'wrong-token')).toMatchObject([
      { reason: 'token_malformed', status: 401 },
    ]);
  });

  it('a member of a read-only group may fetch, but not begin a push', async () => {
    const headers = { Authorization: basic('rita', await world.tokenFor('rita')) };
    expect((await ask(REPOSITORY + UPLOAD, headers)).status).toBe(200);
    const push = await ask(REPOSITORY + RECEIVE, headers);
    expect([push.status, await push.text()]).toEqual([403, expect.stringContaining('(read_only_user, ')]);
  });

  it('large file storage is challenged and refused in its own form', async () => {
    const answer = await fetch(`${world.url}${REPOSITORY}/info/lfs/objects/batch`, {
      method: 'POST',
      headers: { Authorization: basic('alice', WRONG_TOKEN), 'Content-Type': 'application/vnd.git-lfs+json' },
      body: '{"operation":"upload","objects":[]}',
    });
    expect([answer.status, answer.headers.get('Content-Type')]).toEqual([
      401,
      'application/vnd.git-lfs+json',
    ]);
    expect(await answer.json()).toMatchObject({
      code: 'token_malformed',
      message: expect.stringContaining('token') as string,
    });
  });

  it('REST errors keep the shape of Bitbucket', async () => {
    const answer = await ask('/rest/api/latest/projects/TEAM', {
      Authorization: basic('alice', WRONG_TOKEN),
    });
    expect(await answer.json()).toMatchObject({ errors: [{ context: null }], code: 'token_malformed' });
  });

  it('Basic is offered to git also when passwords are switched off', async () => {
    await world.gateway.admin.call('PATCH', '/global-settings', {
      basicAuthenticationDisabled: true,
    });
    const answer = await ask(REPOSITORY + UPLOAD, { Authorization: basic('alice', WRONG_TOKEN) });
    expect(answer.headers.get('WWW-Authenticate')).toContain('Basic realm=');
    expect(
      (await ask('/rest/api/latest/repos', { Authorization: 'Bearer rgt_x' })).headers.get(
        'WWW-Authenticate',
      ),
    ).not.toContain('Basic');
  });
});

const withGit = (): void => {
  describe.each(MODES)('git with identity mode %s', (identity) => {
    let world: ClientWorld;
    let repositories: GitRepositories;
    let home: string;
    let alice: string;
    let clones = 0;
    const urlOf = (user: string, token: string, path = REPOSITORY) =>
      world.url.replace('http://', `http://${user}:${token}@`) + path;
    const git = (cwd: string, ...arguments_: string[]): Promise<Finished> =>
      runClient('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', ...arguments_], {
        cwd,
        env: { HOME: home, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1', NO_PROXY: '*' },
      });
    const clone = async (url: string): Promise<{ folder: string; result: Finished }> => {
      const folder = join(home, `clone${clones++}`);
      return { folder, result: await git(home, 'clone', '--quiet', url, folder) };
    };
    const commit = async (folder: string, file: string, content: string | Buffer): Promise<void> => {
      writeFileSync(join(folder, file), content);
      await git(folder, 'add', '.');
      expect(await git(folder, 'commit', '--quiet', '-m', file)).toMatchObject({ code: 0 });
    };

    beforeAll(async () => {
      home = mkdtempSync(join(tmpdir(), 'restgate-git-home-'));
      if (hasLargeFiles) await git(home, 'lfs', 'install', '--skip-repo');
      repositories = await createGitRepositories(['TEAM/demo', 'PUB/demo']);
      world = await startClientWorld({
        identity,
        product: 'bitbucket',
        gitRoot: repositories.folder,
        settings: { webTraffic: identity === 'oauth1' ? 'forward' : 'block' },
      });
      alice = await world.tokenFor('alice');
    }, 60_000);
    beforeEach(() => world.standIn.clear());
    afterAll(async () => {
      await world?.stop();
      await repositories.remove();
      rmSync(home, { recursive: true, force: true });
    });

    it('pushes a small commit and clones it again, as the owner of the token', async () => {
      const first = await clone(urlOf('alice', alice));
      expect(first.result).toMatchObject({ code: 0 });
      await commit(first.folder, 'hello.txt', 'hello');
      expect(await git(first.folder, 'push', '--quiet', 'origin', 'HEAD:main')).toMatchObject({
        code: 0,
        stderr: '',
      });
      const second = await clone(urlOf('alice', alice));
      expect(second.result).toMatchObject({ code: 0 });
      expect(await git(second.folder, 'log', '--format=%s')).toMatchObject({ stdout: 'hello.txt\n' });
      const pushed = world.standIn
        .requestsTo('/scm/')
        .filter((each) => each.path.endsWith('git-receive-pack'));
      expect(pushed.map((each) => [each.method, each.user])).toEqual([['POST', 'alice']]);
      expect(
        world.standIn
          .requestsTo('/scm/')
          .some((each) => each.header('authorization').some((value) => value.startsWith('Basic'))),
      ).toBe(false);
    });

    it('pushes a pack of four megabytes in chunks', async () => {
      const { folder } = await clone(urlOf('alice', alice));
      const content = randomBytes(4 * 1024 * 1024);
      await commit(folder, 'large.bin', content);
      expect(await git(folder, 'push', '--quiet', 'origin', 'HEAD:main')).toMatchObject({ code: 0 });
      const pack = world.standIn.requestsTo('/scm/').find((each) => each.bodyLength > content.length);
      expect(pack).toMatchObject({ user: 'alice', complete: true });
      expect(pack?.header('transfer-encoding')).toEqual(['chunked']);
      const again = await clone(urlOf('alice', alice));
      expect(await git(again.folder, 'fsck')).toMatchObject({ code: 0 });
    }, 60_000);

    it('fetches with a compressed request', async () => {
      const { folder } = await clone(urlOf('alice', alice));
      for (let i = 0; i < 40; i++) await git(folder, 'commit', '--quiet', '--allow-empty', '-m', `own ${i}`);
      const other = await clone(urlOf('alice', alice));
      await commit(other.folder, `news-${identity}.txt`, 'news');
      expect(await git(other.folder, 'push', '--quiet', 'origin', 'HEAD:main')).toMatchObject({ code: 0 });
      world.standIn.clear();
      expect(await git(folder, 'fetch', '--quiet', 'origin')).toMatchObject({ code: 0 });
      const encodings = world.standIn.requestsTo('/scm/').flatMap((each) => each.header('content-encoding'));
      expect(encodings).toContain('gzip');
    }, 60_000);

    if (hasLargeFiles)
      it('pushes and clones large files, and what Bitbucket lends a client never reaches it', async () => {
        const { folder } = await clone(urlOf('alice', alice));
        await git(folder, 'lfs', 'track', '*.lfs');
        const content = randomBytes(700_000);
        await commit(folder, `${identity}.lfs`, content);
        const push = await git(folder, 'push', 'origin', 'HEAD:main');
        expect(push).toMatchObject({ code: 0 });
        const stored = world.standIn
          .requestsTo('/rest/git-lfs/storage/TEAM/demo/')
          .filter((each) => each.method === 'PUT');
        expect(stored).toMatchObject([{ user: 'alice', bodyLength: content.length, status: 200 }]);
        expect(stored[0]?.header('x-storage')).toEqual(['kept']);
        expect(stored[0]?.header('authorization').filter((value) => value.startsWith('JWT'))).toEqual([]);

        world.standIn.clear();
        const again = await clone(urlOf('alice', alice));
        if (again.result.code !== 0) throw new Error(again.result.stderr);
        const smudged = readFileSync(join(again.folder, `${identity}.lfs`));
        expect(smudged.equals(content)).toBe(true);
        const fetched = world.standIn.requestsTo('/rest/git-lfs/storage/TEAM/demo/');
        expect(fetched).toMatchObject([{ method: 'GET', user: 'alice', status: 200 }]);

        world.standIn.clear();
        const reader = await world.tokenFor('alice', { scope: 'read' });
        const third = await clone(urlOf('alice', reader));
        expect(third.result).toMatchObject({ code: 0 });
        expect(readFileSync(join(third.folder, `${identity}.lfs`)).equals(content)).toBe(true);
      }, 60_000);

    it('a read-only token clones; its push is refused and git prints why', async () => {
      const reader = await world.tokenFor('alice', { scope: 'read' });
      const { folder, result } = await clone(urlOf('alice', reader));
      expect(result).toMatchObject({ code: 0 });
      await commit(folder, 'refused.txt', 'refused');
      const push = await git(folder, 'push', 'origin', 'HEAD:main');
      expect(push.code).not.toBe(0);
      expect(push.stderr).toContain('remote: The token does not allow this call.');
    });

    it('a wrong token fails with our message and no second try', async () => {
      const { result } = await clone(urlOf('alice', WRONG_TOKEN));
      expect(result.code).not.toBe(0);
      expect(result.stderr).toContain('remote: The token is not complete or was changed.');
      expect(result.stderr).toContain('Authentication failed');
      expect(result.stderr).not.toContain(WRONG_TOKEN);
      expect(world.standIn.requestsTo('/scm/').filter((each) => each.user !== null)).toEqual([]);
    });

    it('a public repository needs no credential exactly where web traffic passes', async () => {
      const { result } = await clone(world.url + PUBLIC_REPOSITORY);
      expect(result.code === 0).toBe(identity === 'oauth1');
    });
  });
};

if (isInstalled('git', ['--version'])) withGit();
else
  it('git is not installed here: only what it sends was proved, by fetch', () =>
    expect(isInstalled('git', ['--version'])).toBe(false));
