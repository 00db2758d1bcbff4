import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { reasonOf } from '../../lib/reasons.js';
import type { ReasonCode } from '../../lib/reasons.js';
import { SECRET_BOX, SecretBoxError } from '../../platform/crypto/secret-box.js';
import type { SecretBox } from '../../platform/crypto/secret-box.js';
import { sha256 } from '../../platform/crypto/sha256.js';
import { AUDIT } from '../audit/audit.port.js';
import type { AuditPort } from '../audit/audit.port.js';
import { isDenied } from '../credentials/credentials.port.js';
import type { VerifiedToken } from '../providers/providers.port.js';
import { PROVIDER_SIGN_IN, SignInRefusedError } from '../providers/sign-in.port.js';
import type {
  CallbackQuery,
  PendingSignIn,
  ProviderSignInPort,
  SignInAnswer,
  SignInCallbackPort,
  SignInRequest,
} from '../providers/sign-in.port.js';
import { BrowserSessions } from './browser-sessions.service.js';
import { returnPath } from './return-to.policy.js';
import { cookieValue, expiredCookie, sessionCookie, signInCookie } from './session-cookies.policy.js';
import { SIGN_IN_MS } from './session-times.policy.js';
import { choicePage, PAGE_HEADERS, refusalPage } from './sign-in-page.policy.js';

const PURPOSE = 'browser-sign-in';
const SIGN_IN = 'session/sign-in';

interface Pending extends PendingSignIn {
  readonly returnTo: string;
  readonly expiresAt: number;
}

/**
 * Browser sign-in by OpenID. What is needed at the callback waits, sealed, in a cookie of the browser that began:
 * nothing is stored for people who never come back, and no other browser can finish a sign-in.
 */
@Injectable()
export class SignIn implements SignInCallbackPort {
  constructor(
    @Inject(PROVIDER_SIGN_IN) private readonly providers: ProviderSignInPort,
    private readonly sessions: BrowserSessions,
    @Inject(SECRET_BOX) private readonly box: SecretBox,
    @Inject(AUDIT) private readonly audit: AuditPort,
  ) {}

  /** Sends the browser to the provider; without one named, to the only one, or to a page to choose from. */
  async begin(query: { readonly provider?: unknown; readonly returnTo?: unknown }): Promise<SignInAnswer> {
    const returnTo = returnPath(query.returnTo);
    const available = this.providers.available();
    const only = available.length === 1 ? available[0]?.id : undefined;
    const wanted = query.provider ?? only;
    if (typeof wanted !== 'string') {
      return { status: 200, headers: {}, html: choicePage(available, this.action, returnTo) };
    }
    try {
      const { url, pending } = await this.providers.begin(wanted);
      const kept: Pending = { ...pending, returnTo, expiresAt: Date.now() + SIGN_IN_MS };
      const sealed = this.box.seal(JSON.stringify(kept), PURPOSE);
      const cookie = signInCookie(this.sessions.cookies, sealed);
      return { status: 303, headers: { location: url, 'set-cookie': cookie }, html: '' };
    } catch (error) {
      if (!(error instanceof SignInRefusedError)) throw error;
      return { status: 400, headers: {}, html: refusalPage(error.message, this.action) };
    }
  }

  async complete(query: CallbackQuery, request: SignInRequest): Promise<SignInAnswer | undefined> {
    const pending = this.pendingOf(request.cookie);
    if (!pending || typeof query.state !== 'string' || sha256(query.state) !== pending.stateHash) {
      return undefined;
    }
    try {
      if (pending.expiresAt <= Date.now())
        throw new SignInRefusedError('The sign-in took longer than ten minutes.');
      const verified = await this.providers.finish(query, pending);
      return await this.welcome(verified, pending, request);
    } catch (error) {
      if (!(error instanceof SignInRefusedError)) throw error;
      this.record(request, { reason: error.reason, detail: error.detail ?? error.message });
      return this.refusal(statusOf(error), error.message);
    }
  }

  private async welcome(
    verified: VerifiedToken,
    pending: Pending,
    request: SignInRequest,
  ): Promise<SignInAnswer> {
    const principal = await this.sessions.inDirectory(verified);
    if (isDenied(principal)) {
      throw new SignInRefusedError(messageOf(principal.reason), principal.reason, principal.detail);
    }
    const token = await this.sessions.begin(verified, principal.username, request.cookie, Date.now());
    this.record(request, { user: principal.username, provider: verified.providerName });
    const { cookies } = this.sessions;
    const base = cookies.path.slice(0, -'/restgate'.length);
    return {
      status: 303,
      headers: {
        location: base + pending.returnTo,
        'set-cookie': [sessionCookie(cookies, token), expiredCookie(cookies, cookies.signIn)],
      },
      html: '',
    };
  }

  private pendingOf(cookie: string | undefined): Pending | undefined {
    const sealed = cookieValue(cookie, this.sessions.cookies.signIn);
    if (sealed === undefined) return undefined;
    try {
      return JSON.parse(this.box.open(sealed, PURPOSE)) as Pending;
    } catch (error) {
      if (error instanceof SecretBoxError) return undefined;
      throw error;
    }
  }

  private refusal(status: number, message: string): SignInAnswer {
    const { cookies } = this.sessions;
    return {
      status,
      headers: { ...PAGE_HEADERS, 'set-cookie': expiredCookie(cookies, cookies.signIn) },
      html: refusalPage(message, this.action),
    };
  }

  private get action(): string {
    return `${this.sessions.cookies.path}/session/sign-in`;
  }

  private record(
    { requestId, peerIp, userAgent }: SignInRequest,
    outcome: { user?: string; provider?: string; reason?: string; detail?: string },
  ): void {
    const { user, provider, reason, detail } = outcome;
    this.audit.record({
      id: uuidv7(),
      time: Date.now(),
      requestId,
      category: 'admin',
      decision: user === undefined ? 'denied' : 'forwarded',
      target: SIGN_IN,
      credentialKind: 'session',
      peerIp,
      clientIp: peerIp,
      ...(user === undefined ? {} : { user }),
      ...(provider === undefined ? {} : { credentialProvider: provider }),
      ...(reason === undefined ? {} : { reason }),
      ...(detail === undefined ? {} : { detail }),
      ...(userAgent === undefined ? {} : { userAgent }),
    });
  }
}

/** The reasons speak to callers of an application's API; who signs in here has no application before the eyes. */
function messageOf(reason: ReasonCode): string {
  if (reason === 'user_unknown' || reason === 'user_inactive') {
    return 'Your identity provider knows you, but you have no active account in the directory of this gateway. Ask your administrator for one.';
  }
  return reasonOf(reason).message;
}

/** Whatever the provider sent is a bad callback; what the rules of this gateway refuse has the reason's status. */
function statusOf({ reason }: SignInRefusedError): number {
  if (reason === undefined) return 400;
  const { status } = reasonOf(reason);
  return status === 401 ? 403 : status;
}
