import type { IncomingMessage, ServerResponse } from 'node:http';

export type StandInProduct = 'jira' | 'confluence' | 'bitbucket';

export interface StandInUser {
  name: string;
  password: string;
  email: string;
  displayName: string;
  active: boolean;
  groups: string[];
  /** "Browse users" in Jira, the comparable right in the others: may look the directory up. */
  browseUsers: boolean;
  administrator: boolean;
}

/** The incoming application link: what the product knows of the caller that signs with OAuth 1.0a. */
export interface OAuthConsumer {
  key: string;
  publicKeyPem: string;
  twoLOAllowed: boolean;
  impersonationAllowed: boolean;
  executingTwoLOUser?: string;
}

export interface TrustedHeader {
  name: string;
  sharedSecretHeader?: string;
  sharedSecret?: string;
}

export interface StandInOptions {
  product: StandInProduct;
  contextPath?: string;
  users?: StandInUser[];
  /** Groups that exist without being named by a user. */
  groups?: string[];
  host?: string;
  port?: number;
  consumer?: OAuthConsumer;
  trustedHeader?: TrustedHeader;
  basicDisabled?: boolean;
  /** Failed native logins before the CAPTCHA; 3 as shipped. */
  captchaAfter?: number;
  /** Tomcat's connector attributes scheme/proxyName/proxyPort, for instance `https://jira.example.com`. */
  seenAs?: string;
  /** The configured Base URL, used in self links and in the realm; default: how the request came. */
  baseUrl?: string;
  /** `os_username` in the query, as with -Datlassian.allow.insecure.url.parameter.login=true. */
  urlParameterLogin?: boolean;
  /** Products whose Seraph authenticator is Crowd's: the user behind a `crowd.token_key` cookie. */
  crowdSession?: (token: string) => string | null;
  version?: string;
  /** Bitbucket: a folder of bare repositories that git serves. */
  gitRoot?: string;
  /** How many requests are remembered, 10000 unless told; 0 for load tests. */
  keepRequests?: number;
  /** Parse HTTP as leniently as Node can, to show what a smuggled request would do behind the gateway. */
  lenientParser?: boolean;
}

export type AuthenticatedBy =
  | 'anonymous'
  | 'session'
  | 'remember-me'
  | 'crowd'
  | 'basic'
  | 'pat'
  | 'oauth1'
  | 'parameters'
  | 'trusted-header';

/** Everything that arrived with one request, kept for assertions. */
export interface RequestRecord {
  method: string;
  /** Method after Jersey's override filter; a difference means that an override got through. */
  effectiveMethod: string;
  /** Request target exactly as on the wire. */
  target: string;
  /** Path below the context path after the mapping that Tomcat and the `/s/` filter do. */
  path: string;
  httpVersion: string;
  /** Names and values alternating, as received. */
  rawHeaders: string[];
  /** All values of one field, any case. */
  header: (name: string) => string[];
  bodySha256: string;
  bodyLength: number;
  /** The body if it had at most 1 MiB; else its first MiB. */
  body: Buffer;
  /** True once the whole body was received. */
  complete: boolean;
  user: string | null;
  authenticatedBy: AuthenticatedBy;
  status: number;
  remotePort: number;
  /** True when the peer went away before the answer was finished. */
  aborted: boolean;
}

/** One request on its way through the stand-in. */
export interface Exchange {
  product: StandInProduct;
  request: IncomingMessage;
  response: ServerResponse;
  record: RequestRecord;
  method: string;
  path: string;
  contextPath: string;
  /** Query first, then form, as `request.getParameter` of a servlet. */
  parameters: URLSearchParams;
  /** Scheme and authority as Tomcat sees them. */
  origin: string;
  /** Configured Base URL including the context path, without a slash at its end. */
  baseUrl: string;
  sessionIdInPath: string | null;
  user: StandInUser | null;
}

/** How the stand-in misbehaves for matching requests instead of answering. */
export interface FailureSwitch {
  /** Prefix of the path below the context path. */
  pathPrefix: string;
  /** How many requests are hit; endless when absent. */
  times?: number;
  /** Wait before answering (and then answer normally unless another action is set). */
  delayMs?: number;
  action?: 'reset' | 'hang';
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}
