import { rewriteLocation } from '../modules/applications/location.policy.js';
import type { Application } from '../modules/applications/applications.port.js';
import type { Denial } from '../modules/decisions/exchange.port.js';
import { deny } from '../modules/decisions/pipeline.port.js';
import type { ActingRequest } from '../modules/identity/identity.port.js';
import type { GatewayExchange } from './exchange.js';
import type { Way } from './outgoing.js';
import { isLfsBatchAnswer, rewriteLfsBatch } from './lfs-batch-answer.js';
import { nativeRefusal } from './native-refusal.js';
import { isSameUser, rateFields, responseHeaders } from './response-headers.js';
import type { LoginFields, ResponseRules, UpstreamAnswerHead } from './response-headers.js';
import type { UpstreamFailure } from './upstream.client.js';

/** What Jira and Confluence call somebody who is not signed in; Bitbucket leaves the field out. */
const NOBODY = 'anonymous';

/** Taken back since it was last looked up: the products answer as nobody then. */
const PAT_NO_LONGER_VALID: UpstreamFailure = {
  reason: 'pat_rejected',
  detail: 'the application did not accept the personal access token',
  beforeAnswer: false,
};

/** As after a lost connection: what was lent to the request did not count, so it is sent once more without. */
const SEND_AGAIN: UpstreamFailure = {
  reason: 'upstream_unavailable',
  detail: 'the application did not accept the token that was made as the user',
  beforeAnswer: true,
};

/** Judges the head of the application's answer: did it answer as the user whom the request was decided for? */
export class AnswerJudge implements ResponseRules {
  /** True when the application refused the caller's own password or token. */
  loginFailed = false;

  constructor(
    private readonly exchange: GatewayExchange,
    private readonly application: Application,
    private readonly way: Way,
    private readonly publicScheme: string,
    private readonly acting: ActingRequest,
  ) {}

  get login(): LoginFields {
    return this.way.loginFields;
  }

  /** Where Restgate counts the call, its own figures are what the client is told. */
  get dropRate(): boolean {
    const { answerHeaders } = this.exchange;
    return answerHeaders.length > 0 && answerHeaders.includes('RateLimit-Policy');
  }

  rewriteLocation(value: string): string {
    return rewriteLocation(this.application, value, `${this.publicScheme}://${this.exchange.head.host}`);
  }

  /** The head for the client, or the failure that replaces the answer. */
  judge(status: number, rawHeaders: Buffer[]): UpstreamAnswerHead | UpstreamFailure {
    const refused = this.mayTranslate() ? nativeRefusal(status, rawHeaders) : undefined;
    if (refused) return this.translated(refused, rawHeaders);
    const head = responseHeaders(rawHeaders, this);
    const mismatch = this.mismatch(status, head.userName);
    this.settlePassword(status, head.userName);
    return mismatch ? explained(mismatch, rawHeaders) : this.passedOn(status, head);
  }

  /** What the answer says about the caller's password; an error of the application says nothing. */
  private settlePassword(status: number, userName: string | undefined): void {
    const { credential, passwordAttempt, policyPath } = this.exchange;
    if (!passwordAttempt) return;
    if (this.loginFailed) return passwordAttempt.failed();
    const isLogin = credential.form === 'login';
    // A remote procedure call that fails may be answered with 200.
    if (isLogin && policyPath.startsWith('/rpc/')) return;
    if (status < (isLogin || userName === undefined ? 400 : 500)) passwordAttempt.succeeded();
  }

  /** The denial that the client is given for a failure. */
  denialFor(failure: UpstreamFailure): Denial {
    const invalid =
      failure.reason === 'authentication_required' || failure.reason === 'pat_rejected'
        ? { bearerError: 'invalid_token' as const }
        : undefined;
    return deny(failure.reason, { detail: failure.detail, ...failure.answer, ...invalid });
  }

  /** As it came, except for the answer that would lend a credential made for the injected identity to the client. */
  private passedOn(status: number, head: UpstreamAnswerHead): UpstreamAnswerHead {
    if (this.way.mode !== 'identity' || !isLfsBatchAnswer(this.exchange, status)) return head;
    const link = (href: string): string => this.rewriteLocation(href);
    return { ...head, rewrite: (body) => rewriteLfsBatch(head.headers, body, link) };
  }

  /** Where the application's answer must name the user; who logs in to it is told in its own words. */
  private mayTranslate(): boolean {
    const { mode } = this.way;
    return mode === 'identity' || (mode === 'own-credential' && this.exchange.credential.form !== 'login');
  }

  private translated(refused: UpstreamFailure, rawHeaders: readonly Buffer[]): UpstreamFailure {
    const { answerHeaders, credential } = this.exchange;
    if (refused.reason === 'authentication_required') this.loginFailed = credential.kind === 'basic';
    if (refused.reason === 'rate_limited' && !this.dropRate) answerHeaders.push(...rateFields(rawHeaders));
    return refused;
  }

  private mismatch(status: number, userName: string | undefined): UpstreamFailure | undefined {
    const { mode } = this.way;
    if (mode !== 'identity' && mode !== 'own-credential') return undefined;
    const notAccepted = mode === 'identity' ? this.notAccepted(status, userName) : undefined;
    if (notAccepted) return notAccepted;
    if (this.exchange.credential.kind === 'basic') return this.basicMismatch(status, userName);
    if (this.exchange.credential.kind === 'pat' && userName?.toLowerCase() === NOBODY)
      return PAT_NO_LONGER_VALID;
    if (this.application.identityCheck === 'off') return undefined;
    if (userName === undefined) return this.missing(status);
    const intended = this.exchange.principal?.username ?? '';
    if (isSameUser(userName, intended)) return undefined;
    return withheld(`the application answered as "${userName}", not as "${intended}"`);
  }

  /** The application did not accept the token that stands for the user: it answered as nobody, whatever the status. */
  private notAccepted(status: number, userName: string | undefined): UpstreamFailure | undefined {
    const { refused, weaker } = this.acting;
    if (!refused) return undefined;
    if (this.isNobody(status, userName)) {
      const denial = refused();
      return denial ? failureBy(denial) : SEND_AGAIN;
    }
    return weaker && (status === 401 || status === 403) ? SEND_AGAIN : undefined;
  }

  /** Bitbucket names nobody where the others say `anonymous`; a proxy that answers 5xx names nobody either. */
  private isNobody(status: number, userName: string | undefined): boolean {
    if (userName !== undefined) return userName.toLowerCase() === NOBODY;
    if (status === 401) return true;
    const { product, identityCheck } = this.application;
    return product === 'bitbucket' && identityCheck === 'strict' && status < 500 && status !== 101;
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

function failureBy({ reason, detail = '', hint }: Denial): UpstreamFailure {
  return { reason, detail, beforeAnswer: false, ...(hint !== undefined && { answer: { hint } }) };
}

/** For the log: why a signed request was not accepted (clocks that differ, another key), where the answer says so. */
function explained(failure: UpstreamFailure, rawHeaders: readonly Buffer[]): UpstreamFailure {
  if (failure.reason !== 'identity_mismatch') return failure;
  const head = rawHeaders.map((text) => text.toString('latin1')).join('\n');
  const problem = /oauth_problem="?([a-z_]{1,40})/.exec(head)?.[1];
  return problem === undefined ? failure : { ...failure, detail: `${failure.detail}: ${problem}` };
}

function withheld(detail: string): UpstreamFailure {
  return { reason: 'identity_mismatch', detail, beforeAnswer: false };
}
