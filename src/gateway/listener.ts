import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CONTROL_PREFIX } from '../platform/http/api.js';
import type { Logger } from '../platform/logging/logger.js';
import { requestIdOf } from './admission.service.js';
import type { Admission } from './admission.service.js';
import { answerOn, hangUp, isClosing, markClosing, unanswered, watchQueued } from './connection-end.js';
import { askForBody } from './form-body.js';
import type { WaitingRequest } from './form-body.js';
import type { GatewayController } from './gateway.controller.js';
import type { UpgradeService } from './upgrade.service.js';

/** Jira's and Confluence's connectors take 8 KiB of request line and fields; twice that leaves room for tokens. */
const LARGEST_HEAD_BYTES = 16 * 1024;
const HEAD_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 60 * 60 * 1000;
/** Longer than the idle timeout of the usual load balancers (60 s), so that they close first. */
const KEEP_ALIVE_MS = 72_000;
const MOST_CONNECTIONS = 20_000;

type Router = (request: IncomingMessage, response: ServerResponse) => void;

/** Which planes a listener serves. */
export type Planes = 'both' | 'data' | 'control';

/** What a listener hands requests to. */
export interface Serving {
  /** The framework's, for Restgate's own routes. */
  readonly router: Router;
  readonly admission: Admission;
  readonly gateway: GatewayController;
  readonly upgrades: UpgradeService;
  readonly log: Logger;
}

export interface Handlers {
  /** Set when the application is ready. */
  serving: Serving | undefined;
  /** True while the product stops: every connection ends with its next answer. */
  draining: boolean;
}

/**
 * A server for one or both planes. Requests of the data plane are admitted (framing, canonical path) and handed to
 * the gateway; no router sees them, so that nothing can read a path in another way than the rules do. What throws
 * costs its own connection at most, never the process. Nothing listens yet.
 */
export function createListener(planes: Planes, handlers: Handlers): Server {
  const server = createServer({
    maxHeaderSize: LARGEST_HEAD_BYTES,
    headersTimeout: HEAD_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requireHostHeader: false,
    insecureHTTPParser: false,
    noDelay: true,
  });
  // Node would silently drop the fields above its limit; the head's size bounds them, framing counts them.
  server.maxHeadersCount = 0;
  server.maxConnections = MOST_CONNECTIONS;
  const onRequest: Router = (request, response) => {
    try {
      route(planes, handlers, request, response);
    } catch (error) {
      abandon(handlers, response, error);
    }
  };
  server.on('request', onRequest);
  // 100 is answered when the body is wanted; a client that is refused keeps it.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    (request as WaitingRequest).sendContinue = () => response.writeContinue();
    onRequest(request, response);
  });
  server.on('checkExpectation', onRequest);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    try {
      leaveHttp(planes, handlers, server, { request, socket, head });
    } catch (error) {
      handlers.serving?.log.error({ err: error }, 'an upgrade failed');
      socket.destroy();
    }
  });
  server.on('connect', (_request, socket: Duplex) => {
    const earlier = unanswered(socket);
    if (earlier) giveUp(socket, earlier);
    else refuseRaw(socket, 405, 'Method Not Allowed', 'CONNECT is not served.');
  });
  server.on('clientError', onClientError);
  return server;
}

/** True for targets of the control plane. */
export function isControlTarget(url: string): boolean {
  if (!url.startsWith(CONTROL_PREFIX)) return false;
  const next = url.charCodeAt(CONTROL_PREFIX.length);
  return Number.isNaN(next) || next === 0x2f || next === 0x3f;
}

function route(planes: Planes, handlers: Handlers, request: IncomingMessage, response: ServerResponse): void {
  const { serving } = handlers;
  watchQueued(request, response);
  // Node hands over what was pipelined behind a refused request; who lost its framing is not believed further.
  if (isClosing(request.socket)) return;
  if (!serving) return refuseUnread(response, 503, ['Retry-After', '2']);
  if (handlers.draining) {
    response.shouldKeepAlive = false;
    markClosing(response);
  }
  const control = isControlTarget(request.url ?? '');
  if (planes === 'control' && !control) {
    return refuseUnread(
      response,
      404,
      ['Content-Type', 'text/plain'],
      `Only ${CONTROL_PREFIX} is served here.\n`,
    );
  }
  if (control && planes !== 'data') {
    (request as { requestId?: string }).requestId = requestIdOf(request);
    askForBody(request);
    serving.router(request, response);
    return;
  }
  const exchange = serving.admission.admit(request, response);
  if (exchange) serving.gateway.proxy(exchange, request, response);
}

/** The last resort: whatever should have answered failed. */
function abandon(handlers: Handlers, response: ServerResponse, error: unknown): void {
  handlers.serving?.log.error({ err: error }, 'a request could not be served');
  if (response.headersSent) response.destroy();
  else refuseUnread(response, 503, ['Retry-After', '2']);
}

/** Refuses a request that nobody looks into; nothing behind it is processed either. */
function refuseUnread(response: ServerResponse, status: number, fields: string[], body?: string): void {
  markClosing(response);
  response.writeHead(status, [...fields, 'Connection', 'close']).end(body);
}

interface Leaving {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Node has let go of the connection: nobody but us answers, reads or ends it from here on. */
function leaveHttp(planes: Planes, handlers: Handlers, server: Server, leaving: Leaving): void {
  const { request, socket, head } = leaving;
  const earlier = unanswered(socket);
  // Behind a request that still waits for its answer (pipelining), ours would be taken for that one's.
  if (earlier) giveUp(socket, earlier);
  else if (isClosing(socket)) hangUp(socket);
  else if (request.headers.upgrade?.toLowerCase() !== 'websocket')
    ignoreUpgrade(server, request, socket, head);
  else onUpgrade(planes, handlers, leaving);
}

function onUpgrade(planes: Planes, handlers: Handlers, { request, socket, head }: Leaving): void {
  socket.on('error', () => socket.destroy());
  const { serving } = handlers;
  if (planes === 'control' || !serving || isControlTarget(request.url ?? '')) {
    refuseRaw(socket, 404, 'Not Found', 'Nothing here can be upgraded.');
    return;
  }
  const response = answerOn(request, socket);
  const exchange = serving.admission.admit(request, response);
  if (!exchange) return;
  response.detachSocket(socket as Socket);
  void serving.upgrades.handle(exchange, request, socket, head);
}

/**
 * Another protocol (h2c, which Java's client offers with every request) is not spoken here, and RFC 9110 section
 * 7.8 lets a server ignore the field. Node has let go of the connection by now, so the request is put back without
 * it, as the first bytes of the connection; a body that follows is read as usual.
 */
function ignoreUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i] as string;
    if (/^(?:upgrade|http2-settings)$/i.test(name)) continue;
    lines.push(`${name}: ${request.rawHeaders[i + 1]}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}

/** What the parser refuses never becomes a request; it is answered here, and the connection ends. */
function onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  const current = unanswered(socket);
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  // A request that is complete is not to blame for what came behind it: it gets its own answer, as the last one.
  if (current?.req.complete) return endWith(socket, current);
  // An answer that is under way must not be followed by bytes that are not its own.
  if (current?.headersSent) return giveUp(socket, current);
  if (error.code === 'HPE_HEADER_OVERFLOW')
    return refuseRaw(socket, 431, 'Request Header Fields Too Large', 'The header fields are too large.');
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return refuseRaw(socket, 408, 'Request Timeout', 'The request did not come in time.');
  if (error.code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW')
    return refuseRaw(socket, 413, 'Content Too Large', 'The chunk extensions are too large.');
  refuseRaw(socket, 400, 'Bad Request', 'The request is not well-formed HTTP.');
}

function endWith(socket: Duplex, answer: ServerResponse): void {
  if (isClosing(socket)) return;
  markClosing(answer);
  answer.shouldKeepAlive = false;
  answer.once('finish', () => hangUp(socket));
}

/** Ends a connection without a word; what was answered whole still reaches the client. */
function giveUp(socket: Duplex, current: ServerResponse): void {
  if (current.writableEnded) hangUp(socket);
  else socket.destroy();
}

function refuseRaw(socket: Duplex, status: number, phrase: string, message: string): void {
  const body = JSON.stringify({ errorMessages: [message], errors: {}, code: 'malformed_request' });
  hangUp(
    socket,
    `HTTP/1.1 ${status} ${phrase}\r\nContent-Type: application/json;charset=UTF-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
