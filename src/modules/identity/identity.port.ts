import type { Application } from '../applications/applications.port.js';
import type { Denial, Principal } from '../decisions/exchange.port.js';

/** The upstream request as it is about to be sent; the identity mode adds what makes it the user's. */
export interface OutgoingRequest {
  readonly method: string;
  /** Canonical path on the application, context path included. */
  readonly path: string;
  /** With the leading `?`, already free of identity parameters; or empty. */
  readonly query: string;
  /** The urlencoded body, already free of identity parameters; undefined for every other body. */
  readonly form: string | undefined;
  /** True when it may be sent a second time: only then may the way of acting be one that can suddenly end. */
  readonly repeatable?: boolean;
}

export interface ActingRequest {
  /** Path and query to put on the wire. */
  readonly target: string;
  /** Alternating names and values to add. */
  readonly headers: readonly string[];
  /**
   * Called when the application answered as nobody, where what was added can stop being accepted: the denial to
   * answer with, or undefined when the request is to be sent once more (it will be made in another way then).
   */
  readonly refused?: () => Denial | undefined;
  /** True when a plain 401 or 403 may be due to what was added: the request is to be sent once more then, too. */
  readonly weaker?: boolean;
}

export const IDENTITY = Symbol('IDENTITY');

/**
 * Makes a request act as the principal by the application's identity mode (OAuth 1.0a impersonation, stored
 * PAT, trusted header). The user is always the principal: nothing of the caller's request can change it.
 * Synchronous where no signature is needed. A denial (`identity_not_configured`) when there is no way to act
 * as this user; throws on failures.
 */
export interface IdentityPort {
  actAs(
    application: Application,
    principal: Principal,
    request: OutgoingRequest,
  ): ActingRequest | Denial | Promise<ActingRequest | Denial>;
}

/** True for what `actAs` answers when it cannot act as the user. */
export function isDenial(result: ActingRequest | Denial): result is Denial {
  return 'verdict' in result;
}

export { isProtectedEndpoint } from './protected-endpoints.policy.js';
