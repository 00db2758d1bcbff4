import type { Snapshot } from '../../platform/change-feed/snapshot.js';
import type { Application } from '../applications/applications.port.js';
import type { Credential, Denial, Principal } from '../decisions/exchange.port.js';
import type { VerifiedToken } from '../providers/providers.port.js';

export const AUTHENTICATOR = Symbol('AUTHENTICATOR');

export interface AuthenticationContext {
  readonly snapshot: Snapshot;
  /** Whose directory decides. The control plane passes the first application that has one. */
  readonly application: Application | undefined;
  readonly clientIp: string;
  readonly now: number;
  /** True: nothing is counted or noted as used. */
  readonly dryRun: boolean;
}

/**
 * Step 8 for every plane: who is behind a credential. The same rules for the data plane, the control plane,
 * token tests and explain. Synchronous when everything is cached. Never answers a principal that was not
 * proved; a Basic credential answers a principal with `verified: false` (the application decides about it).
 */
export interface AuthenticatorPort {
  authenticate(
    credential: Credential,
    context: AuthenticationContext,
  ): Principal | Denial | Promise<Principal | Denial>;
  /** Steps 6 and 8 for control-plane requests: recognises and verifies the credential of a request. */
  recognise(headers: {
    authorization: string | undefined;
    apiToken: string | undefined;
    cookie: string | undefined;
  }): Credential | Denial;
}

export const PROVED_SUBJECTS = Symbol('PROVED_SUBJECTS');

/** Who a subject that a provider proved is in an application's directory: as step 8 finds it. */
export interface ProvedSubjectsPort {
  principalOf(
    verified: VerifiedToken,
    application: Application | undefined,
  ): Principal | Denial | Promise<Principal | Denial>;
}

export function isDenied(result: Principal | Credential | Denial): result is Denial {
  return 'verdict' in result;
}
