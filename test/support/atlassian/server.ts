import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { failure, html, route, type Route } from './answers.js';
import { Authentication } from './authentication.js';
import { bitbucketRoutes } from './bitbucket.js';
import { commonRoutes } from './common.js';
import { confluenceRoutes } from './confluence.js';
import { addFormParameters, applyMethodOverride, openExchange, type Opened } from './exchange.js';
import { Failures } from './failures.js';
import { answerHelper, answersBeforeBody } from './faults.js';
import { addCommonHeaders } from './headers.js';
import { jiraRoutes } from './jira.js';
import { OAuth1Filter } from './oauth1.js';
import { SessionStore } from './sessions.js';
import { TokenStore } from './tokens.js';
import { defaultUsers, StandInDirectory } from './users.js';
import { echoWebSocket } from './websocket.js';
import { refusedByXsrfRule } from './xsrf.js';
import type { StandInState } from './state.js';
import type {
  Exchange,
  FailureSwitch,
  OAuthConsumer,
  RequestRecord,
  StandInOptions,
  StandInUser,
} from './types.js';

const PRODUCT_ROUTES = {
  jira: jiraRoutes,
  confluence: confluenceRoutes,
  bitbucket: bitbucketRoutes,
} as const;
const VERSIONS = { jira: '10.3.0', confluence: '9.2.0', bitbucket: '9.4.0' } as const;

/** A running stand-in for one Data Center product. */
export class AtlassianStandIn {
  readonly requests: RequestRecord[] = [];
  /** TCP connections accepted since the start or the last `clear()`. */
  connections = 0;
  /** Byte streams that were not HTTP: a gateway must never send any. */
  malformed = 0;
  /** Called for each request once its body is in; a hook for tests that must act at that moment. */
  onRequest: ((record: RequestRecord) => void) | null = null;
  readonly directory: StandInDirectory;
  readonly state: StandInState;
  private readonly failures = new Failures();
  private readonly routes: Route[];
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private clockOffsetMs = 0;
  private port = 0;

  constructor(private readonly options: StandInOptions) {
    const { product } = options;
    this.directory = new StandInDirectory(options.users ?? defaultUsers(), options.groups);
    const sessions = new SessionStore(product);
    const tokens = new TokenStore(product);
    const oauth1 = new OAuth1Filter(options.consumer, this.directory, () => Date.now() + this.clockOffsetMs);
    const authentication = new Authentication(options, this.directory, sessions, tokens, oauth1);
    const version = options.version ?? VERSIONS[product];
    this.state = {
      product,
      version,
      options,
      directory: this.directory,
      sessions,
      tokens,
      oauth1,
      authentication,
    };
    this.routes = [...PRODUCT_ROUTES[product](this.state), ...commonRoutes(this.state)];
    this.server = createServer({
      maxHeaderSize: 65_536,
      keepAliveTimeout: 30_000,
      insecureHTTPParser: options.lenientParser ?? false,
    });
    this.server.requestTimeout = 0;
    this.server.on('request', (request, response) => void this.accept(request, response));
    this.server.on('upgrade', (request: IncomingMessage, socket: Socket) => this.upgrade(request, socket));
    this.server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      // A stream that ends too early is a cancelled request, not one that is no HTTP.
      const cutOff = error.code === 'HPE_INVALID_EOF_STATE';
      if (error.code?.startsWith('HPE_') && !cutOff) this.refuseMalformed(socket);
      else socket.destroy();
    });
    this.server.on('connection', (socket: Socket) => this.track(socket));
  }

  /** Base URL with the context path, without a slash at its end. */
  get url(): string {
    return `http://${this.host}:${this.port}${this.options.contextPath ?? ''}`;
  }

  get address(): { host: string; port: number } {
    return { host: this.host, port: this.port };
  }

  private get host(): string {
    return this.options.host ?? '127.0.0.1';
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.port || (this.options.port ?? 0), this.host, resolve);
    });
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Refuses connections until `start()` is called again; the port stays the same. */
  async pause(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  close(): Promise<void> {
    return this.pause();
  }

  clear(): void {
    this.requests.length = 0;
    this.connections = 0;
    this.malformed = 0;
    this.failures.clear();
  }

  /** Requests whose mapped path starts with the given text. */
  requestsTo(pathPrefix: string): RequestRecord[] {
    return this.requests.filter((each) => each.path.startsWith(pathPrefix));
  }

  last(): RequestRecord {
    const last = this.requests.at(-1);
    if (last === undefined) throw new Error('The stand-in has received no request');
    return last;
  }

  fail(failure: FailureSwitch): void {
    this.failures.add(failure);
  }

  setConsumer(consumer: OAuthConsumer | undefined): void {
    this.state.oauth1.consumer = consumer;
  }

  setBasicDisabled(disabled: boolean): void {
    this.state.authentication.basicDisabled = disabled;
  }

  setUserActive(name: string, active: boolean): void {
    this.directory.require(name).active = active;
  }

  setUserGroups(name: string, groups: string[]): void {
    this.directory.require(name).groups = groups;
  }

  addUser(user: StandInUser): void {
    this.directory.add(user);
  }

  /** Moves the product's clock, for tests of the OAuth time window. */
  setClockOffset(milliseconds: number): void {
    this.clockOffsetMs = milliseconds;
  }

  issuePat(
    user: string,
    life: { days?: number; createdAt?: Date; name?: string } = {},
  ): { id: string; token: string } {
    return this.state.tokens.issue(
      this.directory.require(user),
      life.name,
      life.days ?? null,
      life.createdAt,
    );
  }

  /** The names of a user's tokens, oldest first. */
  patsOf(user: string): string[] {
    return this.state.tokens.ofUser(user).map(({ name }) => name);
  }

  revokePat(token: string): void {
    this.state.tokens.revoke(token);
  }

  /** Logs a user in and returns the `Cookie` value of the session. */
  openSession(user: string): string {
    const { sessions } = this.state;
    return `${sessions.cookieName}=${sessions.open(sessions.newId(), this.directory.require(user).name)}`;
  }

  /** A remember-me cookie of the user, as the `Cookie` value. */
  rememberMe(user: string): string {
    return `seraph.rememberme.cookie=${this.state.sessions.remember(this.directory.require(user).name)}`;
  }

  clearCaptcha(user: string): void {
    this.state.authentication.clearCaptcha(user);
  }

  private track(socket: Socket): void {
    this.connections += 1;
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  }

  private remember(record: RequestRecord): void {
    const most = this.options.keepRequests ?? 10_000;
    if (most > 0) this.requests.push(record);
    if (this.requests.length > most) this.requests.shift();
  }

  private refuseMalformed(socket: Socket): void {
    this.malformed += 1;
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  }

  private async accept(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const opened = openExchange(this.options, request, response);
    this.remember(opened.exchange.record);
    try {
      await this.answer(opened);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!response.headersSent) failure(opened.exchange, error instanceof SyntaxError ? 400 : 500, message);
      else response.destroy();
    }
  }

  private async answer(opened: Opened): Promise<void> {
    const { exchange, body, refused } = opened;
    if (!answersBeforeBody(exchange.path)) await body;
    this.onRequest?.(exchange.record);
    if (refused !== null) {
      html(exchange, refused, `HTTP Status ${refused}`);
      return;
    }
    addFormParameters(exchange);
    addCommonHeaders(exchange, this.state, this.requests.length);
    if (await this.failures.apply(exchange)) return;
    const stopped = this.authenticate(exchange);
    if (stopped) return;
    applyMethodOverride(exchange);
    if (refusedByXsrfRule(exchange)) return;
    if (await answerHelper(exchange)) return;
    if (await route(exchange, this.routes)) return;
    failure(exchange, 404, `null for uri: ${exchange.record.target}`);
  }

  /** Bitbucket names nobody where the others say `anonymous`. */
  private authenticate(exchange: Exchange): boolean {
    const { response, product } = exchange;
    if (product !== 'bitbucket') response.setHeader('X-AUSERNAME', 'anonymous');
    if (this.state.authentication.run(exchange)) return true;
    if (exchange.user === null) return false;
    response.setHeader('X-AUSERNAME', encodeURIComponent(exchange.user.name));
    if (product === 'bitbucket') response.setHeader('X-AUSERID', '101');
    return false;
  }

  /** Only `/synchrony/` speaks WebSocket; elsewhere Tomcat ignores the wish and answers as usual. */
  private upgrade(request: IncomingMessage, socket: Socket): void {
    const response = new ServerResponse(request);
    const websocket = /websocket/i.test(request.headers.upgrade ?? '');
    if (!websocket) return this.ignoreUpgrade(request, response, socket);
    const { exchange } = openExchange(this.options, request, response);
    if (!exchange.path.startsWith('/synchrony/')) return this.ignoreUpgrade(request, response, socket);
    this.remember(exchange.record);
    exchange.record.complete = true;
    response.assignSocket(socket);
    if (this.authenticate(exchange)) return;
    response.detachSocket(socket);
    exchange.record.status = 101;
    const name = encodeURIComponent(exchange.user?.name ?? 'anonymous');
    echoWebSocket(request, socket, [`X-AUSERNAME: ${name}`], `hello ${name}`);
  }

  private ignoreUpgrade(request: IncomingMessage, response: ServerResponse, socket: Socket): void {
    response.assignSocket(socket);
    response.on('finish', () => socket.end());
    this.server.emit('request', request, response);
  }
}

/** Starts a stand-in that accepts what the real product accepts and refuses what it refuses. */
export async function startAtlassian(options: StandInOptions): Promise<AtlassianStandIn> {
  const standIn = new AtlassianStandIn(options);
  await standIn.start();
  return standIn;
}
