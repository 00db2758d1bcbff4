import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { on, text, type Route } from './answers.js';
import type { StandInState } from './state.js';
import type { Exchange } from './types.js';

const run = promisify(execFile);
const SERVICE = /^\/scm\/([^/]+)\/([^/]+)\.git(\/info\/refs|\/git-upload-pack|\/git-receive-pack)$/;
const HEAD_END = '\r\n\r\n';

/** Bare repositories `{project}/{name}.git` in a folder of their own. */
export interface GitRepositories {
  readonly folder: string;
  remove(): Promise<void>;
}

/** Makes empty repositories, each named `PROJECT/name`. Anybody may read those of the project PUB. */
export async function createGitRepositories(names: readonly string[]): Promise<GitRepositories> {
  const folder = await mkdtemp(join(tmpdir(), 'restgate-git-'));
  for (const name of names) {
    await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', join(folder, `${name}.git`)]);
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Git's smart HTTP as Bitbucket serves it: with a folder of repositories by git itself, else a stub. */
export function gitRoutes(state: StandInState): Route[] {
  const serve = (exchange: Exchange, match: RegExpExecArray): boolean | Promise<boolean> => {
    const project = match[1] as string;
    const pushes =
      match[3] === '/git-receive-pack' || exchange.parameters.get('service') === 'git-receive-pack';
    if (exchange.user === null && (project !== 'PUB' || pushes)) return challenge(exchange);
    const { gitRoot } = state.options;
    if (gitRoot === undefined) return text(exchange, 200, `refs for ${exchange.user?.name ?? 'anybody'}`);
    return runBackend(exchange, gitRoot, `/${project}/${match[2] as string}.git${match[3] as string}`);
  };
  return [on('GET', SERVICE, serve), on('POST', SERVICE, serve)];
}

function challenge(exchange: Exchange): true {
  exchange.response.setHeader('WWW-Authenticate', 'Basic realm="Atlassian Bitbucket"');
  return text(exchange, 401, 'Authentication required');
}

/** `git http-backend` as CGI (RFC 3875). */
async function runBackend(exchange: Exchange, root: string, pathInfo: string): Promise<boolean> {
  const { record, response, request } = exchange;
  const field = (name: string): string => record.header(name)[0] ?? '';
  if (record.bodyLength > record.body.length) throw new Error('The stand-in did not keep the whole body.');
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: field('git-protocol'),
      PATH_INFO: pathInfo,
      QUERY_STRING: (request.url ?? '').split('?')[1] ?? '',
      REQUEST_METHOD: exchange.method,
      CONTENT_TYPE: field('content-type'),
      CONTENT_LENGTH: String(record.body.length),
      HTTP_CONTENT_ENCODING: field('content-encoding'),
      REMOTE_ADDR: '127.0.0.1',
      ...(exchange.user && { REMOTE_USER: exchange.user.name }),
    },
  });
  const out: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.resume();
  child.stdin.on('error', () => undefined);
  child.stdin.end(record.body);
  await once(child, 'close');
  const answer = Buffer.concat(out);
  const end = answer.indexOf(HEAD_END);
  if (end === -1) throw new Error('git http-backend gave no answer');
  let status = 200;
  for (const line of answer.subarray(0, end).toString('latin1').split('\r\n')) {
    const colon = line.indexOf(':');
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
    if (name === 'Status') status = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.writeHead(status);
  response.end(answer.subarray(end + HEAD_END.length));
  return true;
}
