import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import { AUDIT } from '../modules/audit/audit.port.js';
import type { AuditPort } from '../modules/audit/audit.port.js';
import type { DryRunRequest } from '../modules/decisions/decisions.port.js';
import type { RequestHead } from '../modules/decisions/exchange.port.js';
import { deny } from '../modules/decisions/pipeline.port.js';
import { newEventId } from '../lib/event-id.js';
import { CHANGE_FEED } from '../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../platform/change-feed/change-feed.port.js';
import { answerFor, sendError } from './error-answer.js';
import { GatewayExchange } from './exchange.js';
import { isRefused, readHead } from './framing.js';
import type { FramingRefusal } from './framing.js';
import { headerRulesFor } from './header-rules.js';

const FULL_RETRY_SECONDS = 10;
const SANE_REQUEST_ID = /^[A-Za-z0-9._:@+/=-]{1,128}$/;

/** Step 0: framing and canonical path, before routing. What is refused here is answered and audited here. */
@Injectable()
export class Admission {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(AUDIT) private readonly audit: AuditPort,
  ) {}

  /** The exchange of the request; undefined when it was refused and answered. */
  admit(request: IncomingMessage, response: ServerResponse): GatewayExchange | undefined {
    const snapshot = this.changeFeed.current;
    const eventId = newEventId();
    if (this.audit.refusing) {
      // The admin chose that nothing happens unaudited; this refusal could not be recorded either.
      const full = deny('database_unavailable', { retryAfterSeconds: FULL_RETRY_SECONDS });
      const answer = answerFor(full, requestIdOf(request, eventId), false);
      sendError(response, undefined, answer, ['Connection', 'close']);
      return undefined;
    }
    const head = readHead(request as Parameters<typeof readHead>[0], headerRulesFor(snapshot));
    if (isRefused(head)) {
      this.refuse(request, response, requestIdOf(request, eventId), head);
      return undefined;
    }
    const id = isSaneId(head.requestId) ? head.requestId : eventId;
    const peer = peerOf(request.socket);
    return new GatewayExchange(id, eventId, head, snapshot, peer, request);
  }

  /** An exchange for explain: the same checks, nothing forwarded. What is refused here comes already decided. */
  dryRun(request: DryRunRequest): GatewayExchange {
    const snapshot = this.changeFeed.current;
    const raw = {
      method: request.method,
      url: request.target,
      httpVersionMajor: 1,
      httpVersionMinor: 1,
      rawHeaders: ['Host', request.host, ...request.rawHeaders],
    };
    const head = readHead(raw, headerRulesFor(snapshot));
    const id = newEventId();
    if (!isRefused(head)) return new GatewayExchange(id, id, head, snapshot, request.clientIp, undefined);
    const refused = new GatewayExchange(id, id, emptyHead(request), snapshot, request.clientIp, undefined);
    refused.decision = deny(head.refused, { detail: head.detail, status: head.status });
    return refused;
  }

  private refuse(
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
    refusal: FramingRefusal,
  ): void {
    const denial = deny(refusal.refused, { detail: refusal.detail, status: refusal.status });
    const length = sendError(response, undefined, answerFor(denial, id, false), ['Connection', 'close']);
    const peer = peerOf(request.socket);
    this.audit.record({
      id: newEventId(),
      time: Date.now(),
      requestId: id,
      category: 'request',
      decision: 'denied',
      reason: refusal.refused,
      detail: refusal.detail,
      method: request.method,
      path: request.url?.split('?', 1)[0]?.slice(0, 2000),
      status: refusal.status,
      clientIp: peer,
      peerIp: peer,
      responseBytes: length,
    });
  }
}

/** The head of a dry run that framing refused: nothing of it is decided on. */
function emptyHead(request: DryRunRequest): RequestHead {
  return {
    method: request.method,
    httpVersion: '1.1',
    rawPath: request.target,
    path: '',
    query: '',
    exactPath: false,
    rawHeaders: [],
    host: request.host,
    authorization: undefined,
    apiToken: undefined,
    cookie: undefined,
    contentType: undefined,
    userAgent: undefined,
    requestId: undefined,
    traceparent: undefined,
    tracestate: undefined,
    connection: undefined,
    hasBody: false,
    upgrade: false,
  };
}

/** The caller's id when it is sane, else the one that was made for the request. */
export function requestIdOf(request: IncomingMessage, made: string = randomUUID()): string {
  // Node makes the object of all fields when it is first asked for: admitted requests do without it.
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && isSaneId(given) ? given : made;
}

function isSaneId(given: string | undefined): given is string {
  return given !== undefined && SANE_REQUEST_ID.test(given);
}

interface KnownSocket extends Socket {
  restgatePeer?: string;
}

/** The address of a connection's other end, which stays the same as long as it is open. */
function peerOf(socket: KnownSocket): string {
  socket.restgatePeer ??= peerAddress(socket.remoteAddress);
  return socket.restgatePeer;
}

/** IPv4-mapped IPv6 counts as IPv4; an unknown peer (already gone) matches no rule. */
export function peerAddress(remoteAddress: string | undefined): string {
  if (remoteAddress === undefined) return '';
  return remoteAddress.startsWith('::ffff:') && remoteAddress.includes('.')
    ? remoteAddress.slice(7)
    : remoteAddress;
}
