import { createHash, randomBytes } from 'node:crypto';

export interface CodeFlow {
  issuer: string;
  user: string;
  clientId: string;
  clientSecret: string;
  redirectUri: string;
  scope: string;
  resource?: string | undefined;
}

export interface TokenSet {
  access_token: string;
  token_type: string;
  expires_in: number;
  scope?: string;
  id_token?: string;
  refresh_token?: string;
}

/** A browser for one login: follows redirects by hand and keeps its own cookies. */
export class LoginWalker {
  private readonly cookies = new Map<string, string>();

  constructor(
    private readonly issuer: string,
    private readonly user: string,
  ) {}

  /** Walks from an authorization URL, logging in on the way; returns the redirect back to the client. */
  async walk(authorizationUrl: string, redirectUri: string): Promise<URL> {
    let response = await this.get(authorizationUrl);
    for (let step = 0; step < 10; step += 1) {
      const location = response.headers.get('location');
      if (location === null)
        throw new Error(`The login stopped with ${response.status}: ${await response.text()}`);
      await response.arrayBuffer();
      const next = new URL(location, this.issuer);
      if (next.href.startsWith(redirectUri)) return next;
      response = next.pathname.startsWith('/interaction/')
        ? await this.login(next.href)
        : await this.get(next.href);
    }
    throw new Error('The login went in circles');
  }

  private get(url: string): Promise<Response> {
    return this.send(url, { method: 'GET' });
  }

  private login(url: string): Promise<Response> {
    return this.send(url, { method: 'POST', body: new URLSearchParams({ username: this.user }) });
  }

  private async send(url: string, init: RequestInit): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } });
    for (const each of response.headers.getSetCookie()) {
      const [name, value] = (each.split(';')[0] ?? '').split(/=(.*)/s);
      if (value) this.cookies.set(name ?? '', value);
      else this.cookies.delete(name ?? '');
    }
    return response;
  }
}

/** POSTs to the token endpoint with the client's Basic credentials; throws on an error answer. */
export async function tokenRequest(
  issuer: string,
  clientId: string,
  secret: string,
  fields: Record<string, string>,
): Promise<TokenSet> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: basic(clientId, secret) },
    body: new URLSearchParams(fields),
  });
  const body = (await response.json()) as TokenSet;
  if (!response.ok)
    throw new Error(`The token endpoint answered ${response.status}: ${JSON.stringify(body)}`);
  return body;
}

export function basic(clientId: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`).toString('base64')}`;
}

/** Authorization code flow with PKCE from start to end, without a browser. */
export async function runCodeFlow(flow: CodeFlow): Promise<TokenSet> {
  const verifier = randomBytes(32).toString('base64url');
  const resource: Record<string, string> = flow.resource === undefined ? {} : { resource: flow.resource };
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: flow.clientId,
    redirect_uri: flow.redirectUri,
    scope: flow.scope,
    state: randomBytes(8).toString('hex'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...resource,
  });
  const walker = new LoginWalker(flow.issuer, flow.user);
  const back = await walker.walk(`${flow.issuer}/auth?${query.toString()}`, flow.redirectUri);
  const code = back.searchParams.get('code');
  if (code === null) throw new Error(`No code came back: ${back.search}`);
  return tokenRequest(flow.issuer, flow.clientId, flow.clientSecret, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: flow.redirectUri,
    code_verifier: verifier,
    ...resource,
  });
}
