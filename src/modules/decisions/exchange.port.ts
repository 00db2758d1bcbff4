import type { ReasonCode } from '../../lib/reasons.js';
import type { Snapshot } from '../../platform/change-feed/snapshot.js';
import type { Application } from '../applications/applications.port.js';

/** What a caller presents. */
export type CredentialKind = 'api-token' | 'oauth' | 'pat' | 'basic' | 'oauth1' | 'session' | 'none';

/** A presented credential. `secret` is never logged, stored or put into an error. */
export interface Credential {
  readonly kind: CredentialKind;
  /** How it came: the audit log and explain name it. */
  readonly form: 'bearer' | 'basic' | 'x-api-token' | 'parameters' | 'login' | 'oauth' | 'cookie' | 'none';
  /** The token or password; the whole field value for `oauth1`; empty for `session` and `none`. */
  readonly secret: string;
  /** The user name of a Basic field or of `os_username`. */
  readonly username?: string;
  /** SHA-256 of `secret`, once somebody needed it. */
  fingerprint?: string;
}

/**
 * The last bearer token of a connection, already recognised. Clients send the same one with every request of a
 * kept-alive connection; it is told apart by comparing the whole field, and forgotten with the connection.
 */
export interface CredentialMemo {
  authorization: string | undefined;
  credential: Credential | undefined;
}

/** What an API token may be used for; absent lists mean everywhere. */
export interface TokenLimits {
  readonly scope: 'read' | 'write' | 'admin';
  readonly applications?: ReadonlySet<string>;
  /** True when the policy path is covered by the token's path patterns. */
  readonly allowsPath?: (policyPath: string) => boolean;
  readonly allowsIp?: (address: string) => boolean;
}

/** The credential as the audit log may show it. */
export interface CredentialReference {
  readonly kind: CredentialKind;
  readonly id?: string;
  readonly name?: string;
  readonly provider?: string;
}

/** Who the caller turned out to be. Immutable and cached: the hot path shares one object per token. */
export interface Principal {
  /** As the directory spells it. */
  readonly username: string;
  readonly groups: readonly string[];
  /** `groups` in lower case: group names are compared without case, as the products do. */
  readonly groupKeys: ReadonlySet<string>;
  readonly credential: CredentialReference;
  readonly limits?: TokenLimits;
  /** Epoch milliseconds; API tokens only. Answered as `X-Token-Expires-At`. */
  readonly expiresAt?: number;
  /** False where the application itself still decides about the credential (Basic). */
  readonly verified: boolean;
}

/** How an allowed request goes on. */
export type ForwardKind = 'forwarded' | 'bypassed' | 'anonymous' | 'passed-through' | 'session';

export type Decision = { readonly verdict: 'forward'; readonly kind: ForwardKind } | Denial;

export interface Denial {
  readonly verdict: 'deny';
  readonly reason: ReasonCode;
  /** For the admin (audit, explain, log), never for the caller. No secrets. */
  readonly detail?: string;
  readonly retryAfterSeconds?: number;
  /** For the caller, instead of the reason's own hint. No secrets, and nothing that tells whether a user exists. */
  readonly hint?: string;
  /** Another status than the reason's own, where HTTP has a more precise one (413, 414, 405). */
  readonly status?: number;
  /** A refused credential as the audit log may show it. */
  readonly reference?: CredentialReference;
  /** RFC 6750 section 3.1 error for `WWW-Authenticate`, where a credential was sent. */
  readonly bearerError?: 'invalid_request' | 'invalid_token' | 'insufficient_scope';
}

/** A password on its way to the application, which alone knows whether it is right. The first call counts. */
export interface PasswordAttempt {
  succeeded(): void;
  failed(): void;
  /** Nobody knows the outcome; `sent`: the application may have judged the password all the same. */
  abandoned(sent: boolean): void;
}

/** `undefined` means: continue with the next step. */
export type StepResult = Decision | undefined;

/** The request head as steps see it. Names are lower case; single-value fields were checked to be single. */
export interface RequestHead {
  readonly method: string;
  readonly httpVersion: string;
  /** The request target's path exactly as sent. */
  readonly rawPath: string;
  /** The canonical path (see lib/gateway canonical path): this string is decided on and sent on. */
  readonly path: string;
  /** With the leading `?`, exactly as sent; empty when there is none. */
  readonly query: string;
  /** True when the raw path equals the canonical one and holds no `%25`: only then may a list let it through. */
  readonly exactPath: boolean;
  /** Alternating names and values, as received. */
  readonly rawHeaders: readonly string[];
  readonly host: string;
  readonly authorization: string | undefined;
  readonly apiToken: string | undefined;
  readonly cookie: string | undefined;
  readonly contentType: string | undefined;
  readonly userAgent: string | undefined;
  /** `X-Request-Id` as it came; empty when it came more than once. */
  readonly requestId: string | undefined;
  /** W3C Trace Context as sent, not validated; empty when it came twice. */
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
  /** All Connection fields, joined by commas. */
  readonly connection: string | undefined;
  /** True when a body is announced (Content-Length above 0 or Transfer-Encoding). */
  readonly hasBody: boolean;
  /** True for a WebSocket or other protocol upgrade. */
  readonly upgrade: boolean;
}

/**
 * One proxied request on its way through the pipeline. Steps read what earlier steps wrote and write what
 * belongs to them; nothing else is shared between steps.
 */
export interface Exchange {
  /** X-Request-Id: the caller's when sane, else made by Restgate. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly time: number;
  readonly head: RequestHead;
  /** The settings that this request is decided by, from its first step to its last. */
  readonly snapshot: Snapshot;
  /** The TCP peer, IPv4-mapped addresses as IPv4. */
  readonly peerIp: string;
  /** True for explain and token tests: nothing is counted, used up or forwarded. */
  readonly dryRun: boolean;
  /** Undefined for a dry run, which has no connection. */
  readonly memo?: CredentialMemo | undefined;
  /** The urlencoded body, read once and only when such a body was announced; undefined otherwise. */
  readForm(): Promise<string | undefined>;
  /** A small body of announced length, read once and then sent on from memory; undefined for every other one. */
  readSmallBody?(): Promise<Buffer | undefined>;
  /** The body of a login, whole; read once and then sent on from memory. Rejects when it is larger than any login. */
  readLogin?(): Promise<Buffer | undefined>;

  /** Steps 1 and 2. */
  application: Application | undefined;
  /** The canonical path below the application's context path: what rules match. */
  policyPath: string;
  api: boolean;
  /** Step 4; equals `peerIp` until then. */
  clientIp: string;
  /** Step 6. */
  credential: Credential;
  /** Step 6, for passwords: told by the end of the exchange. */
  passwordAttempt?: PasswordAttempt | undefined;
  /** Step 8. */
  principal: Principal | undefined;
  /** Step 9. */
  classification: 'read' | 'write' | undefined;
  decision: Decision | undefined;
  /** Rules in report mode that would have denied. */
  wouldDeny: ReasonCode[] | undefined;
  /** Alternating names and values that every answer to this request carries (rate limit, token expiry). */
  answerHeaders: string[];
}
