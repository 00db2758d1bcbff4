import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher, Pool } from 'undici';
import type { ReasonCode } from '../lib/reasons.js';
import type { Denial } from '../modules/decisions/exchange.port.js';
import { markClosing } from './connection-end.js';
import type { RewrittenAnswer, UpstreamAnswerHead } from './response-headers.js';

/** What goes upstream. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query, exactly as they go on the wire. */
  readonly target: string;
  readonly headers: string[];
  /** The client's stream, the form that was read, or nothing. */
  readonly body: IncomingMessage | Buffer | null;
}

/** Why the application's answer could not be given. `detail` is for the log, never for the client. */
export interface UpstreamFailure {
  readonly reason: ReasonCode;
  readonly detail: string;
  /** True when asking again is harmless: nothing of an answer had come. */
  readonly beforeAnswer: boolean;
  /** What the answer to the client says beyond the reason's own words. */
  readonly answer?: Pick<Denial, 'status' | 'hint' | 'retryAfterSeconds'>;
}

/** What the forwarder wants to know while the answer passes. */
export interface UpstreamEvents {
  /** Judges the answer's head: the head to send, or the failure that replaces the answer. */
  onHead(status: number, rawHeaders: Buffer[]): UpstreamAnswerHead | UpstreamFailure;
  /** Exactly once, when everything was passed on. */
  onEnd(): void;
  /** Exactly once instead of `onEnd`, when nothing was sent to the client yet. */
  onFailure(failure: UpstreamFailure): void;
  /** Exactly once instead of `onEnd`, when the answer broke off after its head: the client sees it break too. */
  onBroken(detail: string): void;
  /** Exactly once instead of `onEnd`, when the client went away; upstream is cancelled. */
  onClientGone(): void;
  /** Exactly once, when the request has left the pool: for who left while it waited there, later than the others. */
  onReleased(): void;
}

/** Undici's low-level handler; written against it because streams in between cost a third of the throughput. */
type RawHandler = {
  onConnect(abort: (reason?: Error) => void): void;
  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void, statusText: string): boolean;
  onData(chunk: Buffer): boolean;
  onComplete(trailers: Buffer[] | null): void;
  onError(error: Error): void;
  /** undici's types say a size; it is the chunk. */
  onBodySent(chunk: Uint8Array): void;
};

/** An answer whose head waits for its body. */
interface HeldAnswer {
  readonly statusText: string;
  readonly rewrite: (body: Buffer) => RewrittenAnswer;
  readonly chunks: Buffer[];
  bytes: number;
}

const LARGEST_HELD_BYTES = 1024 * 1024;

class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';
}

class WithheldError extends Error {
  override readonly name = 'WithheldError';
}

/** One request to the application, its answer streamed to the client with back-pressure both ways. */
export class UpstreamExchange implements RawHandler {
  status = 0;
  requestBytes = 0;
  responseBytes = 0;
  private abort: ((reason?: Error) => void) | undefined = undefined;
  private resume: (() => void) | undefined = undefined;
  private settled = false;
  private released = false;
  private headSent = false;
  private held: HeldAnswer | undefined = undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly events: UpstreamEvents,
  ) {}

  send(pool: Pool, request: UpstreamRequest): void {
    this.response.on('close', this.onClose);
    const options: Dispatcher.DispatchOptions = {
      path: request.target,
      method: request.method,
      headers: request.headers,
      body: request.body,
    };
    pool.dispatch(options, this as unknown as Dispatcher.DispatchHandler);
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.abort = abort;
    if (this.response.destroyed) this.leave();
    // The client left while the request waited for a connection: sent now, its answer would block that connection.
    if (this.settled) abort(new ClientGoneError());
  }

  onBodySent(chunk: Uint8Array): void {
    this.requestBytes += chunk.byteLength;
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void, statusText: string): boolean {
    if (this.settled) return false;
    if (status < 200) return true;
    const head = this.events.onHead(status, rawHeaders);
    if ('reason' in head) {
      this.fail(head);
      this.abort?.(new WithheldError());
      return false;
    }
    this.status = status;
    this.resume = resume;
    if (head.rewrite) this.held = { statusText, rewrite: head.rewrite, chunks: [], bytes: 0 };
    else this.sendHead(statusText, head.headers);
    return true;
  }

  private sendHead(statusText: string, headers: string[]): void {
    if (!this.response.req.complete) {
      headers.push('Connection', 'close');
      markClosing(this.response);
    }
    this.response.writeHead(this.status, asReceived(statusText), headers);
    this.headSent = true;
    if (!hasLength(headers)) this.response.flushHeaders();
  }

  onData(chunk: Buffer): boolean {
    if (this.settled) return false;
    this.responseBytes += chunk.length;
    if (this.held) return this.hold(this.held, chunk);
    if (this.response.write(chunk)) return true;
    this.response.once('drain', () => {
      if (!this.settled) this.resume?.();
    });
    return false;
  }

  onComplete(trailers: Buffer[] | null): void {
    this.release();
    if (this.settled || (this.held && !this.sendHeld(this.held))) return;
    this.settle();
    if (trailers && !this.held && trailers.length > 0) this.response.addTrailers(pairs(trailers));
    this.response.end();
    this.events.onEnd();
  }

  onError(error: Error): void {
    this.release();
    if (this.settled) return;
    // undici 7 takes the length of a 304 for that of a body (RFC 9110 section 8.6 allows it); nothing is missing.
    if (this.status === 304 && codeOf(error) === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
      this.onComplete(null);
      return;
    }
    if (!this.headSent) {
      this.fail(failureOf(error));
      return;
    }
    this.settle();
    this.response.destroy();
    this.events.onBroken(codeOf(error));
  }

  private hold(held: HeldAnswer, chunk: Buffer): boolean {
    held.bytes += chunk.length;
    held.chunks.push(chunk);
    if (held.bytes <= LARGEST_HELD_BYTES) return true;
    this.fail(notRewritten('the answer is too long to be looked into'));
    this.abort?.(new WithheldError());
    return false;
  }

  /** False when the body is not what it should be: it is withheld. */
  private sendHeld({ statusText, rewrite, chunks }: HeldAnswer): boolean {
    try {
      const { headers, body } = rewrite(Buffer.concat(chunks));
      this.sendHead(statusText, headers);
      this.response.write(body);
      return true;
    } catch (error) {
      this.fail(notRewritten(error instanceof Error ? error.message : 'unknown error'));
      return false;
    }
  }

  private fail(failure: UpstreamFailure): void {
    this.settle();
    this.events.onFailure(failure);
  }

  private release(): void {
    if (this.released) return;
    this.released = true;
    this.events.onReleased();
  }

  private settle(): void {
    this.settled = true;
    this.response.off('close', this.onClose);
  }

  private readonly onClose = (): void => this.leave();

  private leave(): void {
    if (this.settled) return;
    this.settle();
    this.abort?.(new ClientGoneError());
    this.events.onClientGone();
  }
}

function notRewritten(detail: string): UpstreamFailure {
  return { reason: 'upstream_protocol_error', detail, beforeAnswer: false };
}

/** The bytes of a reason phrase, which undici reads as UTF-8: Node refuses to send what is not latin1. */
function asReceived(statusText: string): string {
  return /[^\t -~]/.test(statusText) ? Buffer.from(statusText).toString('latin1') : statusText;
}

const LENGTH_FIELD = 'content-length';

function hasLength(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (name.length === LENGTH_FIELD.length && name.toLowerCase() === LENGTH_FIELD) return true;
  }
  return false;
}

function pairs(raw: readonly Buffer[]): [string, string][] {
  const out: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    out.push([(raw[i] as Buffer).toString('latin1'), (raw[i + 1] as Buffer).toString('latin1')]);
  }
  return out;
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.name;
}

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);
const PROTOCOL = new Set([
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
]);

/** The reason for an error of the connection to the application. Host names stay in `detail`. */
export function failureOf(error: Error): UpstreamFailure {
  const code = codeOf(error);
  const detail = `${code}: ${error.message}`;
  if (TIMEOUTS.has(code)) return { reason: 'upstream_timeout', detail, beforeAnswer: true };
  const protocol =
    code.startsWith('HPE_') ||
    error.name === 'HTTPParserError' ||
    PROTOCOL.has(code) ||
    error.message === 'bad upgrade' ||
    error.message === 'bad response';
  return {
    reason: protocol ? 'upstream_protocol_error' : 'upstream_unavailable',
    detail,
    beforeAnswer: !protocol,
  };
}
