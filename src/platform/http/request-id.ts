import type { IncomingMessage } from 'node:http';
import { v7 as uuidv7 } from 'uuid';

/** Where the gateway leaves the id of a request before it is routed. */
export interface RequestWithId extends IncomingMessage {
  requestId?: string;
}

const SANE = /^[A-Za-z0-9._:@+/=-]{1,128}$/;

/** The id of a request: the gateway's, else the caller's `X-Request-Id` when sane, else a new one. Always the same for one request. */
export function requestIdOf(raw: RequestWithId): string {
  raw.requestId ??= sentId(raw) ?? uuidv7();
  return raw.requestId;
}

function sentId(raw: IncomingMessage): string | undefined {
  const sent = raw.headers['x-request-id'];
  return typeof sent === 'string' && SANE.test(sent) ? sent : undefined;
}
