import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Snapshot } from '../platform/change-feed/snapshot.js';
import type { Application } from '../modules/applications/applications.port.js';
import type { ReasonCode } from '../lib/reasons.js';
import type { RequestTrace } from '../platform/tracing/tracer.js';
import type {
  Credential,
  CredentialMemo,
  Decision,
  Exchange,
  PasswordAttempt,
  Principal,
  RequestHead,
} from '../modules/decisions/exchange.port.js';
import { isForm, isSmall, LARGEST_SMALL_BODY_BYTES, readBytes, readForm } from './form-body.js';

export const NO_CREDENTIAL: Credential = { kind: 'none', form: 'none', secret: '' };

interface RememberingSocket extends Socket {
  credentialMemo?: CredentialMemo;
}

function memoOf(socket: RememberingSocket): CredentialMemo {
  socket.credentialMemo ??= { authorization: undefined, credential: undefined };
  return socket.credentialMemo;
}

/** One proxied request: what the steps decided and what is measured. One object per request, of one shape. */
export class GatewayExchange implements Exchange {
  readonly time = Date.now();
  readonly startedAt = performance.now();
  application: Application | undefined = undefined;
  policyPath = '';
  api = false;
  clientIp: string;
  readonly memo: CredentialMemo | undefined;
  credential: Credential = NO_CREDENTIAL;
  passwordAttempt: PasswordAttempt | undefined = undefined;
  principal: Principal | undefined = undefined;
  classification: 'read' | 'write' | undefined = undefined;
  decision: Decision | undefined = undefined;
  wouldDeny: ReasonCode[] | undefined = undefined;
  answerHeaders: string[] = [];
  upstreamStartedAt = 0;
  upstreamMs = 0;
  status = 0;
  requestBytes = 0;
  responseBytes = 0;
  finished = false;
  /** A body other than a form that was read; it is sent from memory. */
  smallBody: Buffer | undefined = undefined;
  /** Its spans; undefined unless tracing is on. */
  trace: RequestTrace | undefined = undefined;
  private form: Promise<string | undefined> | undefined = undefined;

  constructor(
    readonly id: string,
    /** uuid v7 of its audit event. */
    readonly eventId: string,
    readonly head: RequestHead,
    readonly snapshot: Snapshot,
    readonly peerIp: string,
    /** Undefined for a dry run. */
    private readonly request: IncomingMessage | undefined,
  ) {
    this.clientIp = peerIp;
    this.memo = request && memoOf(request.socket);
  }

  get dryRun(): boolean {
    return this.request === undefined;
  }

  /** True when the form body was read and must be sent from memory. */
  get formWasRead(): boolean {
    return this.form !== undefined;
  }

  readForm(): Promise<string | undefined> {
    // Another body stays a stream: what merely sounds like a form must not be taken for one that was read.
    if (!isForm(this.head)) return Promise.resolve(undefined);
    this.form ??= readForm(this.request, this.head);
    return this.form;
  }

  async readSmallBody(): Promise<Buffer | undefined> {
    const { request, head } = this;
    if (!this.smallBody && request && head.hasBody && !isForm(head) && isSmall(request)) {
      this.smallBody = await readBytes(request);
    }
    return this.smallBody;
  }

  async readLogin(): Promise<Buffer | undefined> {
    const { request, head } = this;
    if (!this.smallBody && request && head.hasBody && !isForm(head)) {
      this.smallBody = await readBytes(request, LARGEST_SMALL_BODY_BYTES);
    }
    return this.smallBody;
  }
}
