import { timingSafeEqual } from 'node:crypto';
import { Inject, Injectable, Optional } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import type { Snapshot } from '../../platform/change-feed/snapshot.js';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';
import { sha256 } from '../../platform/crypto/sha256.js';
import { requestIdOf } from '../../platform/http/request-id.js';
import { AUTHENTICATOR, isDenied } from '../credentials/credentials.port.js';
import type { AuthenticatorPort } from '../credentials/credentials.port.js';
import type { Credential, Denial, Principal } from '../decisions/exchange.port.js';
import { DirectoryUnavailableError } from '../directory/directory.port.js';
import { GLOBAL_SETTINGS } from '../global-settings/global-settings.port.js';
import { authenticationRequired, passwordRefused, refused, tokenExceeded } from './access.errors.js';
import { exceedsToken, isCrossSite, levelOf } from './access.policy.js';
import { BROWSER_SESSIONS } from './access.port.js';
import type { Actor, BrowserSessionsPort, PublicFlag } from './access.port.js';
import { CallerAddress } from './caller-address.service.js';
import { decidingApplication } from './deciding-application.port.js';

const BEARER = /^bearer +([^ ]+)$/i;

/** Finds out who calls the control plane. Of cookies only the one of a browser sign-in counts. */
@Injectable()
export class AccessService {
  private readonly adminDigest: Buffer;
  private readonly publicOrigin: string;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(AUTHENTICATOR) private readonly authenticator: AuthenticatorPort,
    private readonly callers: CallerAddress,
    @Optional() @Inject(BROWSER_SESSIONS) private readonly sessions: BrowserSessionsPort | undefined,
  ) {
    this.adminDigest = Buffer.from(sha256(config.adminToken));
    this.publicOrigin = new URL(config.publicUrl).origin;
  }

  /** True when the configuration opens a route to everybody. */
  isOpened(flag: PublicFlag | undefined): boolean {
    return flag !== undefined && this.config[flag];
  }

  /** True for a change that a page of another site makes a browser send. */
  isCrossSite({ method, headers }: FastifyRequest): boolean {
    const fetchSite = headers['sec-fetch-site'];
    return isCrossSite(
      {
        method,
        host: headers.host,
        origin: headers.origin,
        fetchSite: typeof fetchSite === 'string' ? fetchSite : undefined,
      },
      this.publicOrigin,
    );
  }

  /** The actor behind a request. Throws a ProblemError (401, 403, 429, 503) when there is none. */
  async identify(request: FastifyRequest, now = Date.now()): Promise<Actor> {
    const clientIp = this.callers.admitted(request, now);
    if (this.isBootstrapAdmin(request.headers.authorization)) return bootstrapAdmin(request, clientIp);
    const snapshot = this.changeFeed.current;
    const principal =
      (await this.inSession(request, now)) ??
      (await this.authenticate(this.recognise(request), { snapshot, clientIp, now }));
    if (isDenied(principal)) {
      if (isFailedSignIn(principal)) this.callers.noteFailure(clientIp, now);
      throw refused(principal);
    }
    if (!principal.verified) throw passwordRefused();
    if (exceedsToken(principal, request.method, clientIp)) throw tokenExceeded();
    return actorOf(principal, levelOf(principal, GLOBAL_SETTINGS.of(snapshot)), request, clientIp);
  }

  private isBootstrapAdmin(authorization: string | undefined): boolean {
    const token = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
    // Digests have one length and tell nothing of the token, so the comparison leaks neither.
    return token !== undefined && timingSafeEqual(Buffer.from(sha256(token)), this.adminDigest);
  }

  /** A session counts only where no other credential is presented. */
  private inSession(
    { method, headers }: FastifyRequest,
    now: number,
  ): Promise<Principal | Denial | undefined> | undefined {
    if (headers.authorization !== undefined || headers['x-api-token'] !== undefined) return undefined;
    const csrfToken = headers['x-csrf-token'];
    return this.sessions?.principalOf(
      { method, cookie: headers.cookie, csrfToken: typeof csrfToken === 'string' ? csrfToken : undefined },
      now,
    );
  }

  private recognise({ headers }: FastifyRequest): Credential {
    const sent = headers['x-api-token'];
    const apiToken = Array.isArray(sent) ? sent.join(',') : sent;
    const credential = this.authenticator.recognise({
      authorization: headers.authorization,
      apiToken,
      cookie: undefined,
    });
    if (isDenied(credential)) throw refused(credential);
    if (credential.kind === 'none') throw authenticationRequired();
    if (credential.kind === 'basic') throw passwordRefused();
    if (credential.kind === 'oauth1' || credential.kind === 'session') {
      throw refused({ verdict: 'deny', reason: 'unsupported_credential' });
    }
    return credential;
  }

  private async authenticate(
    credential: Credential,
    context: { readonly snapshot: Snapshot; readonly clientIp: string; readonly now: number },
  ): Promise<Principal | Denial> {
    const application = decidingApplication(context.snapshot);
    try {
      return await this.authenticator.authenticate(credential, { ...context, application, dryRun: false });
    } catch (error) {
      if (!(error instanceof DirectoryUnavailableError)) throw error;
      return { verdict: 'deny', reason: 'directory_unavailable', retryAfterSeconds: error.retryAfterSeconds };
    }
  }
}

function isFailedSignIn(denial: Denial): boolean {
  return (
    denial.reason.startsWith('token_') ||
    denial.reason === 'oauth_token_rejected' ||
    denial.reason === 'pat_rejected'
  );
}

function bootstrapAdmin(request: FastifyRequest, clientIp: string): Actor {
  return {
    username: 'bootstrap-admin',
    level: 'admin',
    groups: [],
    credential: { kind: 'api-token', name: 'ADMIN_TOKEN' },
    bootstrap: true,
    tokenScope: 'admin',
    clientIp,
    requestId: requestIdOf(request.raw),
  };
}

function actorOf(
  principal: Principal,
  level: Actor['level'],
  request: FastifyRequest,
  clientIp: string,
): Actor {
  return {
    username: principal.username,
    level,
    groups: principal.groups,
    credential: principal.credential,
    bootstrap: false,
    ...(principal.limits ? { tokenScope: principal.limits.scope } : {}),
    ...(principal.expiresAt === undefined ? {} : { expiresAt: principal.expiresAt }),
    clientIp,
    requestId: requestIdOf(request.raw),
  };
}
