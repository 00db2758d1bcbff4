import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';
import { sha256 } from '../../platform/crypto/sha256.js';
import { ProblemError } from '../../platform/http/problem.js';
import type { BrowserSessionRequest, BrowserSessionsPort } from '../access/access.port.js';
import { decidingApplication } from '../access/deciding-application.port.js';
import { isDenied, PROVED_SUBJECTS } from '../credentials/credentials.port.js';
import type { ProvedSubjectsPort } from '../credentials/credentials.port.js';
import type { Denial, Principal } from '../decisions/exchange.port.js';
import { PROVIDERS } from '../providers/provider-settings.port.js';
import type { VerifiedToken } from '../providers/providers.port.js';
import { BrowserSessionsRepository } from './browser-sessions.repository.js';
import type { BrowserSession } from './browser-sessions.repository.js';
import { csrfTokenOf, isProtected } from './csrf.policy.js';
import { cookieNames, cookieValue } from './session-cookies.policy.js';
import type { CookieNames } from './session-cookies.policy.js';
import { LONGEST_SESSION_MS } from './session-times.policy.js';

const TOKEN_SHAPE = /^[A-Za-z0-9_-]{43}$/;
const ENDED: Denial = {
  verdict: 'deny',
  reason: 'authentication_required',
  detail: 'the browser session ended',
};

/** The session of a browser, with the CSRF token that its pages send. */
export interface CurrentSession {
  readonly session: BrowserSession;
  readonly csrfToken: string;
}

/**
 * Sessions of people who signed in with a browser. The token is random and only in the cookie; who it belongs to
 * is looked up in the directory at every request, so a user who leaves is out.
 */
@Injectable()
export class BrowserSessions implements BrowserSessionsPort {
  readonly cookies: CookieNames;

  constructor(
    @Inject(CONFIG) config: Pick<Config, 'publicUrl'>,
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(PROVED_SUBJECTS) private readonly subjects: ProvedSubjectsPort,
    private readonly repository: BrowserSessionsRepository,
  ) {
    this.cookies = cookieNames(config.publicUrl);
  }

  async principalOf(request: BrowserSessionRequest, now: number): Promise<Principal | Denial | undefined> {
    const token = cookieValue(request.cookie, this.cookies.session);
    if (token === undefined) return undefined;
    const session = await this.find(token, now);
    if (!session) return ENDED;
    if (!isProtected(request.method, token, request.csrfToken)) throw csrfTokenRequired();
    const provider = PROVIDERS.of(this.changeFeed.current).byId.get(session.providerId);
    if (!provider?.enabled) return ENDED;
    return this.inDirectory({
      providerId: provider.id,
      providerName: provider.name,
      subject: { by: session.subjectBy, value: session.subjectValue },
      groups: session.claimedGroups,
      expiresAt: undefined,
      clientId: undefined,
    });
  }

  /** Who a proved subject is; the principal's credential is the session. */
  async inDirectory(verified: VerifiedToken): Promise<Principal | Denial> {
    const application = decidingApplication(this.changeFeed.current);
    const principal = await this.subjects.principalOf(verified, application);
    if (isDenied(principal)) return principal;
    const { providerId, providerName } = verified;
    return { ...principal, credential: { kind: 'session', name: providerName, provider: providerId } };
  }

  /** Begins a session and answers its token. The session that the browser had before ends with it. */
  async begin(
    verified: VerifiedToken,
    username: string,
    cookie: string | undefined,
    now: number,
  ): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    const replaced = cookieValue(cookie, this.cookies.session);
    const session: BrowserSession = {
      tokenHash: sha256(token),
      providerId: verified.providerId,
      usernameKey: username.toLowerCase(),
      subjectBy: verified.subject.by,
      subjectValue: verified.subject.value,
      claimedGroups: verified.groups,
      createdAt: new Date(now),
      lastSeenAt: new Date(now),
      expiresAt: new Date(now + LONGEST_SESSION_MS),
    };
    await this.repository.add(session, replaced === undefined ? undefined : sha256(replaced));
    return token;
  }

  /** The session of a cookie; undefined when there is none or it has ended. */
  async current(cookie: string | undefined, now: number): Promise<CurrentSession | undefined> {
    const token = cookieValue(cookie, this.cookies.session);
    const session = token === undefined ? undefined : await this.find(token, now);
    return token === undefined || !session ? undefined : { session, csrfToken: csrfTokenOf(token) };
  }

  /** Ends one session, or all that the user has. */
  async end({ tokenHash, usernameKey }: BrowserSession, everywhere: boolean): Promise<void> {
    await (everywhere ? this.repository.removeAllOf(usernameKey) : this.repository.remove(tokenHash));
  }

  private find(token: string, now: number): Promise<BrowserSession | undefined> {
    return TOKEN_SHAPE.test(token) ? this.repository.find(sha256(token), now) : Promise.resolve(undefined);
  }
}

function csrfTokenRequired(): ProblemError {
  return new ProblemError(
    403,
    'csrf_token_required',
    'A change in a browser session needs the header X-CSRF-Token with csrfToken of GET /restgate/api/v1/session.',
  );
}
