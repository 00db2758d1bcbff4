import { Inject, Injectable } from '@nestjs/common';
import {
  APPLICATION_HTTP,
  ApplicationHttpError,
  actingUserOf,
} from '../applications/application-http.port.js';
import type { ApplicationHttpAnswer, ApplicationHttpPort } from '../applications/application-http.port.js';
import type { Application } from '../applications/applications.port.js';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';
import type { Principal } from '../decisions/exchange.port.js';
import { sameUserName } from '../directory/directory.port.js';
import { oauthFailure, userInAnswer, whoAmIPathOf } from './application-check.policy.js';
import { IDENTITY, isDenial } from './identity.port.js';
import type { IdentityPort } from './identity.port.js';

export interface IdentityCheck {
  readonly ok: boolean;
  readonly detail: string;
  readonly warnings: readonly string[];
}

const SECRET_NOT_CHECKED =
  'The application believes the user header without the shared secret, too: make it check the secret, or anybody who reaches it directly can be anybody.';

/** Proves that Restgate can act as a user, with exactly the code that acts for callers. */
@Injectable()
export class IdentityCheckService {
  constructor(
    @Inject(APPLICATION_HTTP) private readonly http: ApplicationHttpPort,
    @Inject(IDENTITY) private readonly identity: IdentityPort,
    @Inject(CONFIG) private readonly config: Pick<Config, 'publicUrl'>,
  ) {}

  async check(application: Application, probeUser: string | undefined): Promise<IdentityCheck> {
    const { identity } = application;
    if (identity.mode === 'none') {
      return failed(
        'Identity mode none: only credentials of the application itself work. Set identity to act as users.',
      );
    }
    const user = probeUser ?? serviceUserOf(application);
    if (identity.mode === 'pat' && probeUser === undefined) {
      return passed(
        'Each user stores a personal access token under /me/credentials; name a probeUser to try one.',
      );
    }
    if (user === undefined)
      return failed('Name a probeUser: the directory has no service account with a user name to try.');
    try {
      return await this.probe(application, user);
    } catch (error) {
      if (!(error instanceof ApplicationHttpError)) throw error;
      return failed(`The application cannot be asked: ${error.message}`);
    }
  }

  private async probe(application: Application, user: string): Promise<IdentityCheck> {
    const answer = await this.askAs(application, user);
    if (typeof answer === 'string') return failed(answer);
    const actingUser = actingUserOf(answer);
    const seen = userInAnswer(application.product, answer, actingUser);
    if (seen === undefined) return failed(whyNobody(application, answer, user));
    if (!sameUserName(seen, user)) {
      return failed(
        `The application answered as ${seen} instead of ${user}: something else decides about the user there.`,
      );
    }
    const warnings = warningsFor(application, actingUser);
    if (await this.isBelievedWithoutSecret(application, user)) warnings.push(SECRET_NOT_CHECKED);
    return passed(`The application answers as ${seen}.`, warnings);
  }

  /** A secret that is not checked keeps nobody out. */
  private async isBelievedWithoutSecret(application: Application, user: string): Promise<boolean> {
    const { identity } = application;
    if (identity.mode !== 'header' || identity.sharedSecretHeader === undefined) return false;
    const headers = { accept: 'application/json', [identity.header]: user };
    const target = whoAmIPathOf(application);
    const answer = await this.http.request(application, { method: 'GET', target, headers });
    const seen = userInAnswer(application.product, answer, actingUserOf(answer));
    return seen !== undefined && sameUserName(seen, user);
  }

  /** A server that believes forwarding fields sees itself under another address, which changes signatures. */
  private headersAsForCallers(): Record<string, string> {
    const { protocol, host } = new URL(this.config.publicUrl);
    const forwarded = { 'x-forwarded-proto': protocol.slice(0, -1), 'x-forwarded-host': host };
    return { accept: 'application/json', ...forwarded };
  }

  private async askAs(application: Application, username: string): Promise<ApplicationHttpAnswer | string> {
    const outgoing = { method: 'GET', path: whoAmIPathOf(application), query: '', form: undefined };
    const acting = await this.identity.actAs(application, probePrincipal(username), outgoing);
    if (isDenial(acting)) return acting.detail ?? 'There is no way to act as this user.';
    const headers = this.headersAsForCallers();
    for (let i = 0; i + 1 < acting.headers.length; i += 2)
      headers[acting.headers[i] as string] = acting.headers[i + 1] as string;
    return this.http.request(application, { method: 'GET', target: acting.target, headers });
  }
}

function probePrincipal(username: string): Principal {
  return { username, groups: [], groupKeys: new Set(), credential: { kind: 'none' }, verified: true };
}

function serviceUserOf({ directory }: Application): string | undefined {
  return directory.kind === 'application' ? directory.username : undefined;
}

function whyNobody(application: Application, answer: ApplicationHttpAnswer, user: string): string {
  const { identity } = application;
  if (identity.mode === 'oauth1') {
    const failure = oauthFailure(answer);
    if (failure !== undefined) return failure;
    return `The application answered anonymously (HTTP ${answer.status}): create the incoming application link with the values that Restgate shows, check that user ${user} exists there, and that no proxy removes the Authorization field.`;
  }
  if (identity.mode === 'header') {
    return `The application did not take the user from ${identity.header} (HTTP ${answer.status}): make it trust that header from Restgate's address, with the shared secret if there is one, and check that user ${user} exists there.`;
  }
  return `The application does not accept the stored personal access token of ${user} (HTTP ${answer.status}): the user must store a new one.`;
}

function warningsFor(application: Application, actingUser: string | undefined): string[] {
  const warnings: string[] = [];
  if (actingUser === undefined && application.identityCheck === 'strict') {
    warnings.push(
      'Answers carry no X-AUSERNAME, so identityCheck strict withholds them all: let the proxy pass X-AUSERNAME, or set identityCheck to when-present.',
    );
  }
  const { identity } = application;
  if (identity.mode === 'header') {
    warnings.push(
      `Whoever reaches the application directly can forge ${identity.header}: accept it from Restgate's addresses only.`,
    );
    if (identity.sharedSecretHeader === undefined)
      warnings.push(
        'No shared secret is set: add sharedSecretHeader and sharedSecret if the application can check one.',
      );
  }
  return warnings;
}

function passed(detail: string, warnings: readonly string[] = []): IdentityCheck {
  return { ok: true, detail, warnings };
}

function failed(detail: string): IdentityCheck {
  return { ok: false, detail, warnings: [] };
}
