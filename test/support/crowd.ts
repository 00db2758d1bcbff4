import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CrowdUser {
  name: string;
  email: string;
  active: boolean;
  groups: string[];
}

export interface CrowdOptions {
  applicationName?: string;
  applicationPassword?: string;
  users?: CrowdUser[];
  /** Groups of groups: the parents of each group. */
  parents?: Record<string, string[]>;
}

const DEFAULT_USERS: CrowdUser[] = [
  { name: 'alice', email: 'alice@example.com', active: true, groups: ['developers'] },
  { name: 'rita', email: 'rita@example.com', active: true, groups: ['readers'] },
  { name: 'ivan', email: 'ivan@example.com', active: false, groups: [] },
  { name: "o'brien+x@example.com", email: "o'brien+x@example.com", active: true, groups: [] },
];

/** Crowd's usermanagement resources, for applications that authenticate with their own Basic credentials. */
export class CrowdStandIn {
  readonly applicationName: string;
  readonly applicationPassword: string;
  readonly users: CrowdUser[];
  /** `METHOD target` of everything received. */
  readonly requests: string[] = [];
  private readonly sessions = new Map<string, string>();
  private readonly parents: Record<string, string[]>;
  private readonly server: Server;
  private port = 0;

  constructor(options: CrowdOptions) {
    this.applicationName = options.applicationName ?? 'restgate';
    this.applicationPassword = options.applicationPassword ?? 'crowd-app-password';
    this.users = options.users ?? structuredClone(DEFAULT_USERS);
    this.parents = options.parents ?? { developers: ['staff'], readers: ['staff'] };
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  /** Base URL; the resources are below `/rest/usermanagement/1`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/crowd`;
  }

  /** After a `close` it comes back at the address that it had. */
  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  /** The user behind a `crowd.token_key` cookie; give it to a stand-in as its `crowdSession`. */
  sessionUser(token: string): string | null {
    return this.sessions.get(token) ?? null;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(`${request.method} ${request.url}`);
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const expected = Buffer.from(`${this.applicationName}:${this.applicationPassword}`).toString('base64');
    if (request.headers.authorization !== `Basic ${expected}`) {
      response.writeHead(401, {
        'Content-Type': 'text/html',
        'WWW-Authenticate': 'Basic realm="Crowd REST Service"',
      });
      response.end('Application failed to authenticate');
      return;
    }
    const url = new URL(request.url ?? '/', 'http://crowd');
    const resource = url.pathname.replace('/crowd/rest/usermanagement/1', '').replace(/^\/latest/, '');
    const [status, value] = this.resource(request.method ?? '', resource, url.searchParams, body);
    response.writeHead(status, {
      'Content-Type': 'application/json',
      'X-Embedded-Crowd-Version': 'Crowd/6.0.0',
    });
    response.end(JSON.stringify(value));
  }

  private resource(method: string, path: string, query: URLSearchParams, body: string): [number, unknown] {
    if (method === 'POST' && path === '/session') return this.openSession(body);
    if (path === '/config/cookie') return [200, { secure: false, name: 'crowd.token_key' }];
    if (path === '/user') return this.user(query);
    if (path === '/user/group/nested' || path === '/user/group/direct') return this.groups(path, query);
    if (path === '/search') return this.search(query);
    return [404, { reason: 'UNSUPPORTED_OPERATION', message: `No resource ${path}` }];
  }

  private find(name: string | null): CrowdUser | undefined {
    return this.users.find((each) => each.name.toLowerCase() === (name ?? '').toLowerCase());
  }

  private view(user: CrowdUser): Record<string, unknown> {
    const href = `${this.url}/rest/usermanagement/1/user?username=${encodeURIComponent(user.name)}`;
    return {
      expand: 'attributes',
      link: { href, rel: 'self' },
      name: user.name,
      email: user.email,
      active: user.active,
      'first-name': user.name,
      'last-name': 'Test',
      'display-name': user.name,
    };
  }

  private user(query: URLSearchParams): [number, unknown] {
    const user = this.find(query.get('username'));
    if (user === undefined) return [404, notFound(query.get('username'))];
    return [200, this.view(user)];
  }

  private groups(path: string, query: URLSearchParams): [number, unknown] {
    const user = this.find(query.get('username'));
    if (user === undefined) return [404, notFound(query.get('username'))];
    const all = new Set(user.groups);
    if (path.endsWith('/nested'))
      for (const each of all) for (const up of this.parents[each] ?? []) all.add(up);
    return [
      200,
      {
        expand: 'group',
        groups: page([...all], query).map((name) => ({ name, type: 'GROUP', active: true })),
      },
    ];
  }

  /** The Crowd query language: one restriction of a name or an address, with `*` at its ends or nowhere. */
  private search(query: URLSearchParams): [number, unknown] {
    const type = query.get('entity-type');
    if (type !== 'user' && type !== 'group') return [400, illegal('entity-type must be user or group')];
    const restriction = query.get('restriction') ?? '';
    const match = /^(name|email)\s*=\s*"((?:[^"\\]|\\.)*)"$/.exec(restriction);
    if (restriction !== '' && !match) return [400, illegal(`Cannot parse the restriction ${restriction}`)];
    const fits = matcher(match?.[2]?.replace(/\\(.)/g, '$1').toLowerCase());
    const expanded = query.get('expand') === type;
    if (type === 'group') {
      const groups = page(this.groupNames().filter(fits), query);
      return [200, { expand: 'group', groups: groups.map((name) => ({ name, type: 'GROUP' })) }];
    }
    const field = match?.[1] === 'email' ? 'email' : 'name';
    const found = this.users.filter((each) => fits(each[field]));
    const users = page(found, query).map((each) => (expanded ? this.view(each) : { name: each.name }));
    return [200, { expand: 'user', users }];
  }

  private groupNames(): string[] {
    const direct = this.users.flatMap(({ groups }) => groups);
    return [...new Set([...direct, ...Object.values(this.parents).flat()])].sort();
  }

  private openSession(body: string): [number, unknown] {
    const { username } = JSON.parse(body) as { username?: string };
    const user = this.find(username ?? null);
    if (user === undefined || !user.active) {
      return [400, { reason: 'INVALID_USER_AUTHENTICATION', message: 'No such user or inactive' }];
    }
    const token = `crowd-session-${this.sessions.size + 1}`;
    this.sessions.set(token, user.name);
    return [201, { expand: 'user', token, user: this.view(user) }];
  }
}

function matcher(wanted: string | undefined): (value: string) => boolean {
  if (wanted === undefined) return () => true;
  const [first, last] = [wanted.startsWith('*'), wanted.endsWith('*')];
  const text = wanted.slice(first ? 1 : 0, last ? -1 : undefined);
  return (value) => {
    const lower = value.toLowerCase();
    if (first) return last ? lower.includes(text) : lower.endsWith(text);
    return last ? lower.startsWith(text) : lower === text;
  };
}

function notFound(name: string | null): object {
  return { reason: 'USER_NOT_FOUND', message: `User <${name}> does not exist` };
}

function illegal(message: string): object {
  return { reason: 'ILLEGAL_ARGUMENT', message };
}

function page<T>(all: T[], query: URLSearchParams): T[] {
  const start = Number(query.get('start-index') ?? '0');
  const most = Number(query.get('max-results') ?? '1000');
  return most < 0 ? all.slice(start) : all.slice(start, start + most);
}

/** Starts a Crowd that knows one application and a few people. */
export async function startCrowd(options: CrowdOptions = {}): Promise<CrowdStandIn> {
  const crowd = new CrowdStandIn(options);
  await crowd.start();
  return crowd;
}
