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

/** Takes events without ever blocking or failing the caller. */
export interface AuditPort {
  /**
   * Keeps the event; while the audit log is switched off, only those of category `admin`. Some microseconds of work,
   * after which nothing holds on to the object.
   */
  record(event: AuditEvent): void;
  /** False while the audit log is switched off: events of category `request` need not even be made then. */
  readonly recordsRequests: boolean;
  /**
   * True while the room for events that wait for the database is used up and the settings say that requests
   * are to be refused then (`spill.whenFull: refuse`): the gateway answers 503 `database_unavailable`.
   */
  readonly refusing: boolean;
  /** How the audit log is, for readiness and the console. Memory only. */
  status(): AuditStatus;
  /** Resolves when everything recorded so far is on disk, and in the database unless that takes longer than `timeoutMs`. */
  flush(timeoutMs?: number): Promise<void>;
}

export interface AuditStatus {
  readonly ok: boolean;
  /** Why events wait: `database_unavailable`, `disk_too_slow`, or the code of a disk fault. */
  readonly problem: string | undefined;
  /** Events in memory. */
  readonly queueLength: number;
  /** Bytes on disk that are not in the database yet. */
  readonly spillBytes: number;
  readonly spillMaxBytes: number;
  /** Since the start of this process. */
  readonly written: number;
  readonly dropped: number;
  readonly refusing: boolean;
}

export const AUDIT_QUERIES = Symbol('AUDIT_QUERIES');

/** Questions that other features ask of the log. They read the database: never on the hot path. */
export interface AuditQueriesPort {
  /** The event as it was stored (redacted); undefined when there is none. `id` must be a uuid, else undefined. */
  findEvent(id: string): Promise<AuditEvent | undefined>;
  /** Who would be refused if the rules in report mode were enforced, by the events of the last `days` days. */
  wouldDenyReport(days: number, reasons: readonly string[]): Promise<readonly WouldDenyEntry[]>;
}

/** Requests of one user that one rule in report mode would have refused; the most frequent first. */
export interface WouldDenyEntry {
  readonly reason: string;
  readonly user: string | null;
  readonly application: string | null;
  readonly credentialKind: string | null;
  readonly count: number;
  /** ISO 8601. */
  readonly firstTime: string;
  readonly lastTime: string;
  /** The latest of the requests. */
  readonly lastEventId: string;
  readonly lastMethod: string | null;
  readonly lastPath: string | null;
  /** The ten most frequent of `pathCount` different calls. */
  readonly paths: readonly WouldDenyPath[];
  readonly pathCount: number;
  /** The ten most frequent of `clientCount` different clients. */
  readonly clients: readonly WouldDenyClient[];
  readonly clientCount: number;
}

export interface WouldDenyPath {
  readonly method: string | null;
  readonly path: string | null;
  readonly count: number;
}

/** What made the requests: the name of its token, where it called from, and what it says it is. */
export interface WouldDenyClient {
  readonly credentialName: string | null;
  readonly clientIp: string | null;
  readonly userAgent: string | null;
  readonly count: number;
}
