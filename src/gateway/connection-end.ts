import { ServerResponse } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** So long a client may take to read a last answer and to end its side; then the connection is ended for it. */
const LINGER_MS = 2000;

const closing = new WeakSet<object>();
const queues = new WeakMap<object, Set<ServerResponse>>();

/** Notes that an answer says that the connection ends with it. */
export function markClosing({ socket, req }: ServerResponse): void {
  // Undici takes the socket from a request whose body it gives up; an answer that is its turn knows it, too.
  const connection: Socket | null = socket ?? req.socket;
  if (connection) closing.add(connection);
}

/** True when an answer said that the connection ends: no further request of it may be processed (RFC 9112 section 9.6). */
export function isClosing(socket: Duplex): boolean {
  return closing.has(socket);
}

/**
 * Ends a connection that Node's server no longer watches. Ending alone would leave a half-open connection for as
 * long as the client likes, which takes one of those that the listener may hold.
 */
export function hangUp(socket: Duplex, lastBytes = ''): void {
  // Node has taken its own listener away, and a client may reset the connection in the face of an answer.
  socket.on('error', () => socket.destroy());
  socket.end(lastBytes);
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

/** An answer on a connection that Node's server has let go of (an upgrade); the connection ends with it. */
export function answerOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request);
  response.assignSocket(socket as Socket);
  response.shouldKeepAlive = false;
  response.on('finish', () => hangUp(socket));
  return response;
}

/** The first answer that the connection still owes; undefined when every request so far was answered whole. */
export function unanswered(socket: Duplex): ServerResponse | undefined {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}

/**
 * Node tells an answer that waits behind an earlier one of its connection (pipelining) nothing of the connection's
 * end: it would wait for a client that has left, and hold its connection to the application for good.
 */
export function watchQueued(request: IncomingMessage, response: ServerResponse): void {
  if (response.socket !== null) return;
  const { socket } = request;
  const queue = queues.get(socket) ?? new Set<ServerResponse>();
  if (!queues.has(socket)) {
    queues.set(socket, queue);
    socket.once('close', () => {
      for (const each of queue) {
        each.destroy();
        each.emit('close');
      }
    });
  }
  queue.add(response);
  response.once('socket', () => queue.delete(response));
}
