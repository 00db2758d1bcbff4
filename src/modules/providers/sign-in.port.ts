import type { ReasonCode } from '../../lib/reasons.js';
import type { CallbackQuery } from './callback-query.policy.js';
import type { VerifiedToken } from './providers.port.js';

export type { CallbackQuery } from './callback-query.policy.js';

export const PROVIDER_SIGN_IN = Symbol('PROVIDER_SIGN_IN');

/** What the browser keeps, sealed, until the provider sends it back. */
export interface PendingSignIn {
  readonly providerId: string;
  /** SHA-256 of the state. */
  readonly stateHash: string;
  readonly nonce: string;
  /** PKCE (RFC 7636, S256). */
  readonly verifier: string;
}

/** A sign-in that did not work, in words for the person who signs in. `detail` is for the audit log. */
export class SignInRefusedError extends Error {
  override readonly name = 'SignInRefusedError';

  constructor(
    message: string,
    readonly reason: ReasonCode | undefined = undefined,
    readonly detail: string | undefined = undefined,
  ) {
    super(message);
  }
}

/** The authorization code flow with any configured provider, without keeping anything. */
export interface ProviderSignInPort {
  /** Enabled providers that can sign somebody in, in their order. */
  available(): readonly { readonly id: string; readonly name: string }[];
  /** Where to send the browser. Throws `SignInRefusedError` when the provider cannot be used. */
  begin(providerId: string): Promise<{ readonly url: string; readonly pending: PendingSignIn }>;
  /**
   * The subject that the provider proved: state, issuer (RFC 9207), PKCE, ID token with our nonce, and an access
   * token that the data plane would accept. Throws `SignInRefusedError`.
   */
  finish(query: CallbackQuery, pending: PendingSignIn): Promise<VerifiedToken>;
}

export const SIGN_IN_CALLBACK = Symbol('SIGN_IN_CALLBACK');

export interface SignInAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly html: string;
}

/** Who asks, for the audit log. */
export interface SignInRequest {
  readonly cookie: string | undefined;
  readonly requestId: string;
  readonly peerIp: string;
  readonly userAgent: string | undefined;
}

/** Takes the callbacks that belong to browser sign-ins; undefined: this one does not. */
export interface SignInCallbackPort {
  complete(query: CallbackQuery, request: SignInRequest): Promise<SignInAnswer | undefined>;
}
