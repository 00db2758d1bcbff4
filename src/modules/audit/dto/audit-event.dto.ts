import { ApiProperty } from '@nestjs/swagger';

/** The credential of a request, as far as it may be shown. */
export class AuditCredentialView {
  /** `api-token`, `oauth`, `pat`, `basic`, `oauth1`, `session` or `none`. */
  kind: string;
  /** Id of the API token. */
  @ApiProperty({ type: String, nullable: true })
  id: string | null;
  /** Name of the API token. */
  @ApiProperty({ type: String, nullable: true })
  name: string | null;
  /** Provider of an OAuth token. */
  @ApiProperty({ type: String, nullable: true })
  provider: string | null;
}

/** One request, or one change that an admin made. */
export class AuditEventView {
  /** uuid. */
  id: string;
  /** When the request came, ISO 8601. */
  time: string;
  /** Value of `X-Request-Id`. */
  requestId: string;
  /** `request` or `admin`. */
  category: string;
  /** `forwarded`, `denied`, `bypassed`, `anonymous`, `passed-through` or `session`. */
  decision: string;
  /** Why it was denied: a code of docs/errors.md. */
  @ApiProperty({ type: String, nullable: true })
  reason: string | null;
  /** Why, in words for the admin. */
  @ApiProperty({ type: String, nullable: true })
  detail: string | null;
  /** Key of the application. */
  @ApiProperty({ type: String, nullable: true })
  application: string | null;
  /** HTTP method. */
  @ApiProperty({ type: String, nullable: true })
  method: string | null;
  /** Canonical path below the application's context path. */
  @ApiProperty({ type: String, nullable: true })
  path: string | null;
  /** Query string without secrets. */
  @ApiProperty({ type: String, nullable: true })
  query: string | null;
  /** Status of the answer. */
  @ApiProperty({ type: Number, nullable: true })
  status: number | null;
  /** User name. */
  @ApiProperty({ type: String, nullable: true })
  user: string | null;
  /** What the caller presented. */
  @ApiProperty({ type: AuditCredentialView, nullable: true })
  credential: AuditCredentialView | null;
  /** Address of the client. */
  @ApiProperty({ type: String, nullable: true })
  clientIp: string | null;
  /** Address of the TCP connection: that of the proxy, where there is one. */
  @ApiProperty({ type: String, nullable: true })
  peerIp: string | null;
  /** User-Agent of the caller. */
  @ApiProperty({ type: String, nullable: true })
  userAgent: string | null;
  /** From the first byte of the request to the last of the answer. */
  @ApiProperty({ type: Number, nullable: true })
  durationMs: number | null;
  /** What the application took of it. */
  @ApiProperty({ type: Number, nullable: true })
  upstreamMs: number | null;
  /** Size of the request's body. */
  @ApiProperty({ type: Number, nullable: true })
  requestBytes: number | null;
  /** Size of the answer's body. */
  @ApiProperty({ type: Number, nullable: true })
  responseBytes: number | null;
  /** Version of the settings that decided, on the node that decided. */
  @ApiProperty({ type: Number, nullable: true })
  configVersion: number | null;
  /** Rules in report mode that would have denied the request. */
  @ApiProperty({ type: [String], required: false })
  wouldDeny?: string[];
  /** Admin changes: what was changed. */
  @ApiProperty({ type: String, required: false })
  target?: string;
  /** Admin changes: how it was before, without secrets. */
  @ApiProperty({ required: false, nullable: true, type: Object })
  before?: unknown;
  /** Admin changes: how it is now, without secrets. */
  @ApiProperty({ required: false, nullable: true, type: Object })
  after?: unknown;
}

/** A page of events, newest first. */
export class AuditEventPageView {
  @ApiProperty({ type: [AuditEventView] })
  items: AuditEventView[];
  /** Cursor of the next page; null on the last. */
  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
  /** Set when the page ended before it was full, to answer in time: everything since then was searched. ISO 8601. */
  @ApiProperty({ type: String, nullable: true })
  searchedTo: string | null;
}
