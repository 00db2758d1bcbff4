import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { mapTarget } from './paths.js';
import type { Exchange, RequestRecord, StandInOptions } from './types.js';

const KEPT_BODY = 1024 * 1024;
/** Git reads what was pushed. */
const KEPT_PACK = 64 * KEPT_BODY;

function newRecord(request: IncomingMessage): RequestRecord {
  const { rawHeaders } = request;
  return {
    method: request.method ?? '',
    effectiveMethod: request.method ?? '',
    target: request.url ?? '',
    path: '',
    httpVersion: request.httpVersion,
    rawHeaders: [...rawHeaders],
    header: (name) =>
      rawHeaders.filter(
        (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name.toLowerCase(),
      ),
    bodySha256: '',
    bodyLength: 0,
    body: Buffer.alloc(0),
    complete: false,
    user: null,
    authenticatedBy: 'anonymous',
    status: 0,
    remotePort: request.socket.remotePort ?? 0,
    aborted: false,
  };
}

/** Follows the body as it streams by: counts, hashes, keeps the first MiB. */
function watchBody(request: IncomingMessage, record: RequestRecord): Promise<void> {
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  const most = record.path.startsWith('/scm/') ? KEPT_PACK : KEPT_BODY;
  let keptLength = 0;
  return new Promise((resolve) => {
    request.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      record.bodyLength += chunk.length;
      if (keptLength >= most) return;
      kept.push(chunk.subarray(0, most - keptLength));
      keptLength += Math.min(chunk.length, most - keptLength);
    });
    request.on('end', () => {
      record.body = Buffer.concat(kept);
      record.bodySha256 = hash.digest('hex');
      record.complete = true;
      resolve();
    });
    request.on('close', resolve);
  });
}

export interface Opened {
  exchange: Exchange;
  /** Settled when the body has come in, or the peer went away. */
  body: Promise<void>;
  /** The status that Tomcat refuses the target with, before any filter runs. */
  refused: 400 | 404 | null;
}

/** Makes the record and the exchange of a request that just arrived. */
export function openExchange(
  options: StandInOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Opened {
  const record = newRecord(request);
  const contextPath = options.contextPath ?? '';
  const mapped = mapTarget(options.product, contextPath, record.target);
  const found = 'refused' in mapped ? null : mapped;
  const authority = found?.authority ?? record.header('host')[0] ?? '';
  const origin = options.seenAs ?? `http://${authority}`;
  record.path = found?.path ?? '';
  const exchange: Exchange = {
    product: options.product,
    request,
    response,
    record,
    method: record.method,
    path: record.path,
    contextPath,
    parameters: new URLSearchParams(found?.rawQuery ?? ''),
    origin,
    baseUrl: options.baseUrl ?? origin + contextPath,
    sessionIdInPath: found?.sessionId ?? null,
    user: null,
  };
  response.on('close', () => {
    record.status = response.statusCode;
    record.aborted = !response.writableFinished;
  });
  return { exchange, body: watchBody(request, record), refused: 'refused' in mapped ? mapped.refused : null };
}

/** Tomcat adds the fields of a urlencoded body to the parameters, for POST only, after those of the query. */
export function addFormParameters(exchange: Exchange): void {
  const type = exchange.record.header('content-type')[0] ?? '';
  if (exchange.method !== 'POST' || !/^application\/x-www-form-urlencoded/i.test(type)) return;
  for (const [name, value] of new URLSearchParams(exchange.record.body.toString('utf8'))) {
    exchange.parameters.append(name, value);
  }
}

/** Jersey's filter: a POST may say that it is another method, in a header or in the query. */
export function applyMethodOverride(exchange: Exchange): void {
  if (exchange.method !== 'POST') return;
  const asked = exchange.record.header('x-http-method-override')[0] ?? exchange.parameters.get('_method');
  if (!asked) return;
  exchange.method = asked.toUpperCase();
  exchange.record.effectiveMethod = exchange.method;
}
