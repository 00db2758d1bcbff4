import { rewriteLocation } from '../modules/applications/location.policy.js';
import type { Application } from '../modules/applications/applications.port.js';
import type { Denial } from '../modules/decisions/exchange.port.js';
import { deny } from '../modules/decisions/pipeline.port.js';
import type { GatewayExchange } from './exchange.js';
import type { Way } from './outgoing.js';
import { nativeRefusal } from './native-refusal.js';
import { isSameUser, rateFields, responseHeaders } from './response-headers.js';
import type { UpstreamAnswerHead } from './response-headers.js';
import type { UpstreamFailure } from './upstream.client.js';

/** What Jira and Confluence call somebody who is not signed in; Bitbucket leaves the field out. */
const NOBODY = 'anonymous';

/** Taken back since it was last looked up: the products answer as nobody then. */
const PAT_NO_LONGER_VALID: UpstreamFailure = {
  reason: 'pat_rejected',
  detail: 'the application did not accept the personal access token',
  beforeAnswer: false,
};

/** Judges the head of the application's answer: did it answer as the user whom the request was decided for? */
export class AnswerJudge {
  /** True when the application refused the caller's own password or token. */
  loginFailed = false;

  constructor(
    private readonly exchange: GatewayExchange,
    private readonly application: Application,
    private readonly way: Way,
    private readonly publicScheme: string,
  ) {}

  /** The head for the client, or the failure that replaces the answer. */
  judge(status: number, rawHeaders: Buffer[]): UpstreamAnswerHead | UpstreamFailure {
    const refused = this.mayTranslate() ? nativeRefusal(status, rawHeaders) : undefined;
    if (refused) return this.translated(refused, rawHeaders);
    const head = responseHeaders(rawHeaders, {
      login: this.way.loginFields,
      dropRate: this.exchange.answerHeaders.includes('RateLimit-Policy'),
      rewriteLocation: (value) => rewriteLocation(this.application, value, this.gatewayOrigin()),
    });
    const failure = this.mismatch(status, head.userName);
    this.settlePassword(status, head.userName);
    return failure ?? head;
  }

  /** What the answer says about the caller's password; an error of the application says nothing. */
  private settlePassword(status: number, userName: string | undefined): void {
    const { credential, passwordAttempt } = this.exchange;
    if (!passwordAttempt) return;
    const isRight = status < (credential.form === 'login' || userName === undefined ? 400 : 500);
    if (this.loginFailed) passwordAttempt.failed();
    else if (isRight) passwordAttempt.succeeded();
  }

  /** The denial that the client is given for a failure. */
  denialFor(failure: UpstreamFailure): Denial {
    const invalid =
      failure.reason === 'authentication_required' || failure.reason === 'pat_rejected'
        ? { bearerError: 'invalid_token' as const }
        : undefined;
    return deny(failure.reason, { detail: failure.detail, ...failure.answer, ...invalid });
  }

  /** Where the application's answer must name the user; who logs in to it is told in its own words. */
  private mayTranslate(): boolean {
    const { mode } = this.way;
    return mode === 'identity' || (mode === 'own-credential' && this.exchange.credential.form !== 'login');
  }

  private translated(refused: UpstreamFailure, rawHeaders: readonly Buffer[]): UpstreamFailure {
    const { answerHeaders, credential } = this.exchange;
    if (refused.reason === 'authentication_required') this.loginFailed = credential.kind === 'basic';
    if (refused.reason === 'rate_limited' && !answerHeaders.includes('RateLimit-Policy'))
      answerHeaders.push(...rateFields(rawHeaders));
    return refused;
  }

  private gatewayOrigin(): string {
    return `${this.publicScheme}://${this.exchange.head.host}`;
  }

  private mismatch(status: number, userName: string | undefined): UpstreamFailure | undefined {
    const { mode } = this.way;
    if (mode !== 'identity' && mode !== 'own-credential') return undefined;
    if (this.exchange.credential.kind === 'basic') return this.basicMismatch(status, userName);
    if (this.exchange.credential.kind === 'pat' && userName?.toLowerCase() === NOBODY)
      return PAT_NO_LONGER_VALID;
    if (this.application.identityCheck === 'off') return undefined;
    if (userName === undefined) return this.missing(status);
    const intended = this.exchange.principal?.username ?? '';
    if (isSameUser(userName, intended)) return undefined;
    return withheld(`the application answered as "${userName}", not as "${intended}"`);
  }

  /** A proxy before the application that answers 5xx, and a switch of protocols, name no users; all else must. */
  private missing(status: number): UpstreamFailure | undefined {
    if (this.application.identityCheck === 'when-present' || status >= 500 || status === 101)
      return undefined;
    return withheld(`the application's answer (status ${status}) has no X-AUSERNAME field`);
  }

  /** The application checks the password; its anonymous answer to a wrong one is turned into 401. */
  private basicMismatch(status: number, userName: string | undefined): UpstreamFailure | undefined {
    const { username: claimed, form } = this.exchange.credential;
    this.loginFailed = status === 401 || (form === 'login' && status === 403);
    // A login is nobody's request yet.
    if (form === 'login') return undefined;
    if (userName === undefined || claimed === undefined || status === 401 || isSameUser(userName, claimed))
      return undefined;
    if (userName.toLowerCase() !== NOBODY) return undefined;
    this.loginFailed = true;
    return {
      reason: 'authentication_required',
      detail: 'the application did not accept the password',
      beforeAnswer: false,
    };
  }
}

function withheld(detail: string): UpstreamFailure {
  return { reason: 'identity_mismatch', detail, beforeAnswer: false };
}
