import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import type Provider from 'oidc-provider';
import type { ClientMetadata } from 'oidc-provider';
import { defaultOidcUsers, profileClaims, type OidcUser } from './accounts.js';
import { basic, LoginWalker, runCodeFlow, tokenRequest, type TokenSet } from './code-flow.js';
import { clientSecret, configuration, defaultClients, REDIRECT_URI, RESOURCE } from './configuration.js';
import { loadProviderClass } from './library.js';
import { newSigningKey, signWith, type JwtHeader, type SigningKey } from './jwt.js';
import { newStore } from './store.js';

export interface OidcProviderOptions {
  port?: number;
  host?: string;
  users?: OidcUser[];
  /** Added to the default clients. */
  clients?: ClientMetadata[];
  /** Audience of JWT access tokens. */
  resource?: string;
  /** Give JWTs also to those who ask for no resource. */
  defaultResource?: string;
  accessTokenSeconds?: number;
  signingAlgorithm?: 'RS256' | 'ES256';
}

export interface FetchToken {
  user: string;
  clientId?: string;
  scope?: string;
  /** Undefined gives an opaque token, unless the provider has a default resource. */
  resource?: string | undefined;
}

export type Endpoint =
  'discovery' | 'jwks' | 'authorization' | 'token' | 'introspection' | 'revocation' | 'userinfo';

const ENDPOINTS: Record<string, Endpoint> = {
  '/.well-known/openid-configuration': 'discovery',
  '/jwks': 'jwks',
  '/auth': 'authorization',
  '/token': 'token',
  '/token/introspection': 'introspection',
  '/token/revocation': 'revocation',
  '/me': 'userinfo',
};

/** The real `oidc-provider` on a loopback port, with switches for tests. */
export class OidcTestProvider {
  readonly users: OidcUser[];
  readonly resource: string;
  /** Life of tokens issued from now on. */
  accessTokenSeconds: number;
  keys: SigningKey[];
  private readonly counters = new Map<string, number>();
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly store = newStore();
  private readonly clients: ClientMetadata[];
  private provider: Provider | undefined;
  private port = 0;

  constructor(private readonly options: OidcProviderOptions = {}) {
    this.users = options.users ?? defaultOidcUsers();
    this.resource = options.resource ?? RESOURCE;
    this.accessTokenSeconds = options.accessTokenSeconds ?? 3600;
    this.clients = [...defaultClients(), ...(options.clients ?? [])];
    this.keys = [newSigningKey(options.signingAlgorithm)];
    this.server = createServer((request, response) => void this.answer(request, response));
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  get issuer(): string {
    return `http://${this.options.host ?? '127.0.0.1'}:${this.port}`;
  }

  get signingKey(): SigningKey {
    const [key] = this.keys;
    if (key === undefined) throw new Error('The provider has no key');
    return key;
  }

  /** Starts listening, on the same port as before when it was paused. */
  async resume(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.port || (this.options.port ?? 0), this.options.host ?? '127.0.0.1', resolve);
    });
    this.port = (this.server.address() as AddressInfo).port;
    this.provider ??= await this.build();
  }

  /** Refuses connections; tokens and sessions stay. */
  async pause(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  close(): Promise<void> {
    return this.pause();
  }

  /** Requests to one endpoint since the start or the last `clearCounters`. */
  count(endpoint: Endpoint): number {
    return this.counters.get(endpoint) ?? 0;
  }

  clearCounters(): void {
    this.counters.clear();
  }

  /** New tokens are signed by a new key; the old ones stay published unless `forgetOld`. */
  async rotateKeys(options: { forgetOld?: boolean } = {}): Promise<SigningKey> {
    const key = newSigningKey(this.options.signingAlgorithm);
    this.keys = options.forgetOld ? [key] : [key, ...this.keys];
    this.provider = await this.build();
    return key;
  }

  /** Code flow with PKCE for a user; a JWT when a resource is named, else an opaque token. */
  fetchToken(asked: FetchToken): Promise<TokenSet> {
    const clientId = asked.clientId ?? 'restgate';
    const scope = asked.scope ?? 'openid profile email groups';
    return runCodeFlow({
      issuer: this.issuer,
      user: asked.user,
      clientId,
      clientSecret: this.secretOf(clientId),
      redirectUri: REDIRECT_URI,
      scope,
      resource: asked.resource,
    });
  }

  /** A JWT access token of the user for our resource. */
  async fetchJwt(user: string, clientId = 'restgate'): Promise<string> {
    return (await this.fetchToken({ user, clientId, resource: this.resource })).access_token;
  }

  /** An opaque access token of the user, good for introspection and userinfo. */
  async fetchOpaque(user: string, clientId = 'restgate'): Promise<string> {
    return (await this.fetchToken({ user, clientId })).access_token;
  }

  refresh(refreshToken: string, clientId = 'restgate'): Promise<TokenSet> {
    return tokenRequest(this.issuer, clientId, this.secretOf(clientId), {
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
    });
  }

  clientCredentials(clientId = 'ci-bot', resource: string | undefined = this.resource): Promise<TokenSet> {
    const fields = {
      grant_type: 'client_credentials',
      ...(resource === undefined ? {} : { resource, scope: 'api' }),
    };
    return tokenRequest(this.issuer, clientId, this.secretOf(clientId), fields);
  }

  /** Takes an opaque token back at the provider. */
  async revoke(token: string, clientId = 'restgate'): Promise<void> {
    const response = await fetch(`${this.issuer}/token/revocation`, {
      method: 'POST',
      headers: { authorization: basic(clientId, this.secretOf(clientId)) },
      body: new URLSearchParams({ token }),
    });
    if (!response.ok) throw new Error(`The revocation endpoint answered ${response.status}`);
  }

  /** Walks somebody else's authorization URL as the user; returns where the browser would go. */
  walkAuthorization(authorizationUrl: string, user: string, redirectUri: string): Promise<URL> {
    return new LoginWalker(this.issuer, user).walk(authorizationUrl, redirectUri);
  }

  /** Claims of a good access token of the user, to be bent by attack tests. */
  accessTokenClaims(username: string, more: Record<string, unknown> = {}): Record<string, unknown> {
    const user = this.users.find((each) => each.username === username);
    const now = Math.floor(Date.now() / 1000);
    return {
      iss: this.issuer,
      aud: this.resource,
      sub: user?.sub ?? `sub-${username}`,
      client_id: 'restgate',
      jti: randomUUID(),
      iat: now,
      exp: now + 3600,
      scope: 'api',
      ...(user === undefined ? { preferred_username: username } : profileClaims(user)),
      ...more,
    };
  }

  /** Signs anything with the provider's current key; see `signWith`. */
  signJwt(payload: Record<string, unknown> | string, header: JwtHeader = {}, secret?: string): string {
    return signWith(this.signingKey, payload, header, secret);
  }

  private secretOf(clientId: string): string {
    const client = this.clients.find((each) => each.client_id === clientId);
    return client?.client_secret ?? clientSecret(clientId);
  }

  private async build(): Promise<Provider> {
    const ProviderClass = await loadProviderClass();
    const config = configuration({
      users: this.users,
      clients: this.clients,
      keys: this.keys,
      resource: this.resource,
      defaultResource: this.options.defaultResource,
      accessTokenSeconds: () => this.accessTokenSeconds,
      store: this.store,
    });
    return new ProviderClass(this.issuer, config);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const endpoint = ENDPOINTS[path];
    if (endpoint !== undefined) this.counters.set(endpoint, this.count(endpoint) + 1);
    try {
      if (path.startsWith('/interaction/')) await this.interact(request, response);
      else await this.requireProvider().callback()(request, response);
    } catch (error) {
      if (!response.headersSent) response.writeHead(400);
      response.end(String(error));
    }
  }

  /** Consent is always given; the login form asks for a username and believes it. */
  private async interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt } = await this.requireProvider().interactionDetails(request, response);
    if (prompt.name === 'consent') {
      await this.requireProvider().interactionFinished(request, response, { consent: {} });
      return;
    }
    if (request.method !== 'POST') {
      response.writeHead(200, { 'Content-Type': 'text/html' });
      response.end('<form method="post"><input name="username" autofocus><button>Log in</button></form>');
      return;
    }
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const user = this.users.find((each) => each.username === new URLSearchParams(body).get('username'));
    if (user === undefined) {
      response.writeHead(401, { 'Content-Type': 'text/plain' }).end('No such user');
      return;
    }
    await this.requireProvider().interactionFinished(request, response, { login: { accountId: user.sub } });
  }

  private requireProvider(): Provider {
    if (this.provider === undefined) throw new Error('The provider was not started');
    return this.provider;
  }
}

/** Starts the provider; close it when done. */
export async function startOidcProvider(options: OidcProviderOptions = {}): Promise<OidcTestProvider> {
  const provider = new OidcTestProvider(options);
  await provider.resume();
  return provider;
}
