import type { CredentialKind, ForwardKind } from '../decisions/exchange.port.js';

/** What the audit log keeps of one request or one admin change. Holds no secret, ever. */
export interface AuditEvent {
  /** uuid v7. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly time: number;
  readonly requestId: string;
  readonly category: 'request' | 'admin';
  readonly decision: ForwardKind | 'denied';
  readonly reason?: string;
  /** Why, in words for the admin. */
  readonly detail?: string;
  readonly application?: string;
  readonly method?: string;
  /** Canonical path below the context path, without query. */
  readonly path?: string;
  /** As sent; the audit module redacts it before it is stored anywhere. */
  readonly query?: string;
  readonly status?: number;
  readonly user?: string;
  readonly credentialKind?: CredentialKind;
  readonly credentialId?: string;
  readonly credentialName?: string;
  readonly credentialProvider?: string;
  readonly clientIp?: string;
  readonly peerIp?: string;
  readonly userAgent?: string;
  readonly durationMs?: number;
  readonly upstreamMs?: number;
  readonly requestBytes?: number;
  readonly responseBytes?: number;
  readonly wouldDeny?: readonly string[];
  /** Version of the settings snapshot that decided, on this node. */
  readonly configVersion?: number;
  /** Admin changes: what was changed, for example `applications/jira`; before and after without secrets. */
  readonly target?: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

export const AUDIT = Symbol('AUDIT');

/** Takes events without ever blocking or failing the caller. Does nothing while the audit log is switched off. */
export interface AuditPort {
  record(event: AuditEvent): void;
}
