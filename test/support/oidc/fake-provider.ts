import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface ScriptedAnswer {
  status?: number;
  headers?: Record<string, string>;
  /** Objects are sent as JSON. */
  body?: string | Buffer | object;
  delayMs?: number;
  /** `hang`: no answer at all; `close`: the connection ends; `reset`: RST; `half`: headers, part of the body, RST. */
  action?: 'hang' | 'close' | 'reset' | 'half';
}

export interface FakeRequest {
  method: string;
  path: string;
  target: string;
  headers: IncomingMessage['headers'];
  body: string;
}

type Script = ScriptedAnswer | ((request: FakeRequest) => ScriptedAnswer);

/** A plain HTTP server that answers exactly what a test tells it, and remembers who asked. */
export class FakeProvider {
  readonly requests: FakeRequest[] = [];
  private readonly scripts = new Map<string, Script[]>();
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private port = 0;

  constructor() {
    this.server = createServer((request, response) => void this.answer(request, response));
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Answers of a path (without query) in turn; the last one goes on for ever. */
  on(path: string, ...answers: Script[]): this {
    this.scripts.set(path, answers);
    return this;
  }

  /** Serves discovery and keys of an issuer at this server; `more` overrides discovery members. */
  serveDiscovery(keys: Record<string, unknown>[], more: Record<string, unknown> = {}): this {
    const endpoints = {
      issuer: this.url,
      authorization_endpoint: `${this.url}/auth`,
      token_endpoint: `${this.url}/token`,
      jwks_uri: `${this.url}/jwks`,
      introspection_endpoint: `${this.url}/introspect`,
      userinfo_endpoint: `${this.url}/userinfo`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    };
    this.on('/jwks', { body: { keys } });
    return this.on('/.well-known/openid-configuration', { body: { ...endpoints, ...more } });
  }

  count(path: string): number {
    return this.requests.filter((each) => each.path === path).length;
  }

  clear(): void {
    this.requests.length = 0;
  }

  async resume(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.port, '127.0.0.1', resolve);
    });
    this.port = (this.server.address() as AddressInfo).port;
  }

  async pause(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  close(): Promise<void> {
    return this.pause();
  }

  private next(path: string, request: FakeRequest): ScriptedAnswer {
    const scripts = this.scripts.get(path);
    const script = scripts && scripts.length > 1 ? scripts.shift() : scripts?.[0];
    if (script === undefined) return { status: 404, body: 'not scripted' };
    return typeof script === 'function' ? script(request) : script;
  }

  private async answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of incoming) body += String(chunk);
    const target = incoming.url ?? '';
    const path = target.split('?')[0] ?? '';
    const request = { method: incoming.method ?? '', path, target, headers: incoming.headers, body };
    this.requests.push(request);
    const answer = this.next(path, request);
    if (answer.delayMs) await new Promise((resolve) => setTimeout(resolve, answer.delayMs));
    send(answer, incoming.socket, response);
  }
}

function send(answer: ScriptedAnswer, socket: Socket, response: ServerResponse): void {
  if (answer.action === 'hang') return;
  if (answer.action === 'close') return void socket.destroy();
  if (answer.action === 'reset') return void socket.resetAndDestroy();
  const plain = typeof answer.body === 'string' || Buffer.isBuffer(answer.body) || answer.body === undefined;
  const bytes = Buffer.isBuffer(answer.body) ? answer.body : Buffer.from(asText(answer.body));
  const headers = { 'Content-Type': plain ? 'text/plain' : 'application/json', ...answer.headers };
  if (answer.action === 'half') {
    response.writeHead(answer.status ?? 200, { ...headers, 'Content-Length': String(bytes.length) });
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => socket.resetAndDestroy());
    return;
  }
  response.writeHead(answer.status ?? 200, headers);
  response.end(bytes);
}

function asText(body: string | object | undefined): string {
  if (body === undefined) return '';
  return typeof body === 'string' ? body : JSON.stringify(body);
}

/** Starts a server on which nothing is scripted yet. */
export async function startFakeProvider(): Promise<FakeProvider> {
  const provider = new FakeProvider();
  await provider.resume();
  return provider;
}
