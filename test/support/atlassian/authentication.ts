import { parseCookies, type SessionStore } from './sessions.js';
import { html, json, send, text } from './answers.js';
import type { OAuth1Filter } from './oauth1.js';
import type { TokenStore } from './tokens.js';
import type { StandInDirectory } from './users.js';
import type { AuthenticatedBy, Exchange, StandInOptions, StandInUser } from './types.js';

/** Filters of the products in their order; each settles the user, answers itself, or passes on. */
export class Authentication {
  basicDisabled: boolean;
  private readonly failedLogins = new Map<string, number>();

  constructor(
    private readonly options: StandInOptions,
    private readonly directory: StandInDirectory,
    private readonly sessions: SessionStore,
    private readonly tokens: TokenStore,
    private readonly oauth1: OAuth1Filter,
  ) {
    this.basicDisabled = options.basicDisabled ?? false;
  }

  /** Settles `exchange.user`; true when the request was refused and answered. */
  run(exchange: Exchange): boolean {
    const oauth = this.oauth1.check(exchange);
    if (oauth.kind === 'refused') {
      exchange.response.setHeader('WWW-Authenticate', oauth.challenge);
      return send(exchange, oauth.status, 'application/x-www-form-urlencoded', oauth.body);
    }
    if (oauth.kind === 'user' && oauth.user !== null) return this.settle(exchange, oauth.user, 'oauth1');
    const bearer = this.bearerUser(exchange);
    if (bearer !== null) return this.settle(exchange, bearer, 'pat');
    const trusted = this.trustedUser(exchange);
    if (trusted !== null) return this.settle(exchange, trusted, 'trusted-header');
    if (this.loginByParameters(exchange)) return false;
    return this.sessionOrBasic(exchange);
  }

  clearCaptcha(user: string): void {
    this.failedLogins.delete(user.toLowerCase());
  }

  private settle(exchange: Exchange, user: StandInUser, by: AuthenticatedBy): false {
    exchange.user = user;
    exchange.record.user = user.name;
    exchange.record.authenticatedBy = by;
    if (this.options.product !== 'bitbucket') exchange.response.setHeader('X-Seraph-LoginReason', 'OK');
    return false;
  }

  /** The word is case-sensitive, exactly two parts; whatever is wrong leaves the caller anonymous. */
  private bearerUser(exchange: Exchange): StandInUser | null {
    const value = exchange.record.header('authorization')[0] ?? '';
    if (!value.startsWith('Bearer')) return null;
    const parts = value.split(' ');
    if (parts.length !== 2) return null;
    return this.tokenUser(parts[1] ?? '');
  }

  private tokenUser(token: string): StandInUser | null {
    const user = this.directory.find(this.tokens.find(token)?.user ?? null);
    return user?.active ? user : null;
  }

  private trustedUser(exchange: Exchange): StandInUser | null {
    const trusted = this.options.trustedHeader;
    if (trusted === undefined) return null;
    const value = exchange.record.header(trusted.name)[0];
    if (value === undefined || value === '') return null;
    if (trusted.sharedSecretHeader !== undefined) {
      if (exchange.record.header(trusted.sharedSecretHeader)[0] !== trusted.sharedSecret) return null;
    }
    const user = this.directory.find(Buffer.from(value, 'latin1').toString('utf8'));
    return user?.active ? user : null;
  }

  private loginByParameters(exchange: Exchange): boolean {
    const { parameters } = exchange;
    const name = parameters.get('os_username');
    if (name === null || exchange.product === 'bitbucket') return false;
    const inQuery = new URLSearchParams(exchange.record.target.split('?')[1] ?? '').has('os_username');
    if (inQuery && this.options.urlParameterLogin === false) return false;
    const user = this.passwordUser(name, parameters.get('os_password') ?? '');
    if (user === null || user === 'captcha') {
      const reason = user === 'captcha' ? 'AUTHENTICATION_DENIED' : 'AUTHENTICATED_FAILED';
      exchange.response.setHeader('X-Seraph-LoginReason', reason);
      return false;
    }
    this.settle(exchange, user, 'parameters');
    const cookies = [this.sessionCookie(exchange, this.sessions.open(this.sessions.newId(), user.name))];
    if (parameters.get('os_cookie') === 'true') {
      cookies.push(`seraph.rememberme.cookie=${this.sessions.remember(user.name)}; Path=/; HttpOnly`);
    }
    exchange.response.setHeader('Set-Cookie', cookies);
    return true;
  }

  private sessionOrBasic(exchange: Exchange): boolean {
    const cookies = parseCookies(exchange.record.header('cookie'));
    const authType = exchange.parameters.get('os_authType') ?? 'any';
    const sessionId = cookies.get(this.sessions.cookieName) ?? exchange.sessionIdInPath;
    const known = sessionId ? this.sessions.userOf(sessionId) : undefined;
    const user = this.directory.find(known ?? null);
    if (user?.active) {
      exchange.response.setHeader('X-ASESSIONID', String(sessionId).slice(0, 6).toLowerCase());
      return this.settle(exchange, user, 'session');
    }
    const cookieUser = this.longLivedCookie(cookies);
    if (cookieUser !== null) return this.settle(exchange, cookieUser.user, cookieUser.by);
    const field = exchange.record.header('authorization').find((each) => /basic/i.test(each));
    if (field !== undefined) return this.basic(exchange, field);
    return this.nobody(exchange, authType, Boolean(sessionId) && known === undefined);
  }

  private longLivedCookie(
    cookies: Map<string, string>,
  ): { user: StandInUser; by: 'remember-me' | 'crowd' } | null {
    const remembered = cookies.get('seraph.rememberme.cookie') ?? cookies.get('seraph.confluence');
    const rememberedUser = remembered ? this.directory.find(this.sessions.rememberedUser(remembered)) : null;
    if (rememberedUser?.active) return { user: rememberedUser, by: 'remember-me' };
    const crowdToken = cookies.get('crowd.token_key');
    const crowdUser = crowdToken
      ? this.directory.find(this.options.crowdSession?.(crowdToken) ?? null)
      : null;
    return crowdUser?.active ? { user: crowdUser, by: 'crowd' } : null;
  }

  private nobody(exchange: Exchange, authType: string, staleSession: boolean): boolean {
    if (exchange.product === 'bitbucket' || !exchange.path.startsWith('/rest/')) return false;
    if (staleSession && authType === 'any') {
      return text(exchange, 401, "os_authType was 'any' and an invalid cookie was sent.");
    }
    if (authType === 'cookie')
      return text(exchange, 401, "os_authType was 'cookie' and no valid cookie was sent.");
    if (authType !== 'basic') return false;
    exchange.response.setHeader('WWW-Authenticate', 'Basic realm="protected-area"');
    return html(exchange, 401, 'Basic Authentication Failure - Reason : AUTHENTICATED_FAILED');
  }

  private basic(exchange: Exchange, field: string): boolean {
    const encoded = /basic\s+([A-Za-z0-9+/=]*)/i.exec(field)?.[1] ?? '';
    const pair = Buffer.from(encoded, 'base64').toString('utf8');
    const colon = pair.indexOf(':');
    const name = colon === -1 ? pair : pair.slice(0, colon);
    const password = colon === -1 ? '' : pair.slice(colon + 1);
    const withToken = exchange.product === 'bitbucket' ? this.tokenUser(password) : null;
    if (withToken !== null && withToken.name.toLowerCase() === name.toLowerCase()) {
      return this.settle(exchange, withToken, 'pat');
    }
    if (this.basicDisabled) {
      return text(exchange, 403, 'Basic Authentication has been disabled on this instance.');
    }
    const user = this.passwordUser(name, password);
    if (user === 'captcha') return this.captcha(exchange);
    if (user === null) return this.basicFailed(exchange);
    this.settle(exchange, user, 'basic');
    const id = this.sessions.open(this.sessions.newId(), user.name);
    exchange.response.setHeader('Set-Cookie', this.sessionCookie(exchange, id));
    return false;
  }

  /** Also used by the login endpoints. A success resets the counter, a CAPTCHA does not end by itself. */
  passwordUser(name: string, password: string): StandInUser | 'captcha' | null {
    const key = name.toLowerCase();
    const failed = this.failedLogins.get(key) ?? 0;
    const user = this.directory.find(name);
    if (user !== null && failed >= (this.options.captchaAfter ?? 3)) return 'captcha';
    if (user === null || !user.active || user.password !== password) {
      this.failedLogins.set(key, failed + 1);
      return null;
    }
    this.failedLogins.delete(key);
    return user;
  }

  captcha(exchange: Exchange): true {
    const { response } = exchange;
    const loginUrl = `${exchange.baseUrl}/login.jsp`;
    response.setHeader('X-Authentication-Denied-Reason', `CAPTCHA_CHALLENGE; login-url=${loginUrl}`);
    response.setHeader('X-Seraph-LoginReason', 'AUTHENTICATION_DENIED');
    return html(exchange, 403, 'Basic Authentication Failure - Reason : AUTHENTICATION_DENIED');
  }

  basicFailed(exchange: Exchange): true {
    const { response } = exchange;
    response.setHeader('WWW-Authenticate', `Basic realm="${exchange.product}"`);
    if (exchange.product === 'bitbucket') {
      const message = 'Authentication failed. Please check your credentials and try again.';
      const exceptionName = 'com.atlassian.bitbucket.auth.IncorrectPasswordAuthenticationException';
      return json(exchange, 401, { errors: [{ context: null, message, exceptionName }] });
    }
    response.setHeader('X-Seraph-LoginReason', 'AUTHENTICATED_FAILED');
    return html(exchange, 401, 'Basic Authentication Failure - Reason : AUTHENTICATED_FAILED');
  }

  sessionCookie(exchange: Exchange, id: string): string {
    return `${this.sessions.cookieName}=${id}; Path=${exchange.contextPath || '/'}; HttpOnly`;
  }
}
