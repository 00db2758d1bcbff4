import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { issueToken } from '../../support/dataplane.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const run = promisify(execFile);
const PYTHON = '/usr/bin/python3';

function installed(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const PYTHON_JIRA = installed(PYTHON, ['-c', 'import jira']);
const CURL = installed('curl', ['--version']);

/** Prints one JSON object: what the calls gave, or the error as python-jira shows it. */
const SCRIPT = `
import io, json, sys
from jira import JIRA, JIRAError
url, how, user, secret = sys.argv[1:5]
login = {"token_auth": secret} if how == "token" else {"basic_auth": (user, secret)}
try:
    client = JIRA(server=url, max_retries=0, **login)
    comment = client.add_comment("X-1", "written by python-jira")
    attached = client.add_attachment("X-1", io.BytesIO(b"some bytes"), "note.txt")
    print(json.dumps({
        "me": client.myself()["name"],
        "key": client.issue("X-1").key,
        "found": [issue.key for issue in client.search_issues("project = X")],
        "comment": comment.body,
        "attached": attached.size,
    }))
except JIRAError as error:
    print(json.dumps({"status": error.status_code, "text": error.text}))
`;

describe('real clients', () => {
  let world: World;
  let folder: string;
  let token: string;
  const python = async (
    how: 'token' | 'basic',
    user: string,
    secret: string,
  ): Promise<Record<string, unknown>> => {
    const { stdout } = await run(PYTHON, ['-c', SCRIPT, `${world.gateway.url}/jira`, how, user, secret]);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const curl = async (...args: string[]): Promise<string> =>
    (await run('curl', ['--silent', '--show-error', '--max-time', '20', ...args])).stdout;

  beforeAll(async () => {
    world = await startWorld({ identity: 'oauth1' });
    folder = mkdtempSync(join(tmpdir(), 'restgate-curl-'));
    token = (await issueToken(world.gateway.admin, 'alice')).token;
  }, 60_000);
  afterAll(async () => {
    await world?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  if (PYTHON_JIRA) {
    it.each(['a provider token', 'an API token', 'an API token as password'])(
      'python-jira works with %s',
      async (what) => {
        const secret = what === 'a provider token' ? await world.tokenOf('alice') : token;
        const seen = await python(what.endsWith('password') ? 'basic' : 'token', 'alice', secret);
        expect(seen).toMatchObject({
          me: 'alice',
          key: 'X-1',
          comment: 'written by python-jira',
          attached: 10,
        });
        expect(seen['found']).toContain('X-1');
        const callers = world.jira.requests
          .filter((each) => each.user !== 'svc-restgate')
          .map((each) => each.user);
        expect(new Set(callers)).toEqual(new Set(['alice']));
      },
    );

    it('python-jira shows our message', async () => {
      const inactive = await python('token', '', await world.tokenOf('ivan'));
      const unknown = await python('token', '', 'nonsense');
      expect(inactive).toMatchObject({
        status: 403,
        text: expect.stringContaining('Your account in this application is not active.'),
      });
      expect(unknown).toMatchObject({
        status: 401,
        text: expect.stringContaining('No configured identity provider accepts the token.'),
      });
    });
  } else {
    it('python-jira is not installed: the same calls by fetch', async () => {
      const inactive = await world.fetch('/jira/rest/api/2/serverInfo', 'ivan');
      expect((await world.fetch('/jira/rest/api/2/issue/X-1', 'alice')).status).toBe(200);
      expect(inactive.status).toBe(403);
      expect(await inactive.json()).toMatchObject({ errorMessages: [expect.stringContaining('not active')] });
    });
  }

  if (CURL) {
    it('curl works with every form of a token', async () => {
      const url = `${world.gateway.url}/jira/rest/api/2/myself`;
      const forms = [
        ['-H', `Authorization: Bearer ${token}`],
        ['-u', `alice:${token}`],
        ['-H', `X-Api-Token: ${token}`],
      ];
      for (const form of forms) expect(JSON.parse(await curl(...form, url))).toMatchObject({ name: 'alice' });
    });

    it('curl uploads a file after 100 Continue, and is told why when it may not', async () => {
      const file = join(folder, 'big.bin');
      writeFileSync(file, Buffer.alloc(8 * 1024 * 1024, 'x'));
      const url = `${world.gateway.url}/jira/rest/standin/1.0/echo`;
      const upload = [
        '-H',
        'Expect: 100-continue',
        '-H',
        'Content-Type: application/octet-stream',
        '--data-binary',
        `@${file}`,
        url,
      ];
      const good = JSON.parse(await curl('-H', `Authorization: Bearer ${token}`, ...upload)) as unknown;
      const bad = JSON.parse(await curl('-H', 'Authorization: Bearer nonsense', ...upload)) as unknown;
      const impatient = JSON.parse(
        await curl('-H', 'Authorization: Bearer nonsense', '-H', 'Expect:', ...upload.slice(2)),
      ) as unknown;
      expect(good).toMatchObject({ user: 'alice', bodyLength: 8 * 1024 * 1024 });
      for (const refused of [bad, impatient]) expect(refused).toMatchObject({ code: 'oauth_token_rejected' });
    });

    it('curl is told about a form that is too large', async () => {
      const file = join(folder, 'form.txt');
      writeFileSync(file, `a=${'x'.repeat(2 * 1024 * 1024)}`);
      const url = `${world.gateway.url}/jira/rest/standin/1.0/echo`;
      const status = await curl(
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        '-H',
        `Authorization: Bearer ${token}`,
        '--data-binary',
        `@${file}`,
        url,
      );
      expect(status).toBe('413');
    });
  }
});
