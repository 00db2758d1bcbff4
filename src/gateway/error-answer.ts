import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Application, Product } from '../modules/applications/applications.port.js';
import { gitTraffic } from '../modules/applications/git-traffic.policy.js';
import type { GitTraffic } from '../modules/applications/git-traffic.policy.js';
import type { Denial } from '../modules/decisions/exchange.port.js';
import { reasonOf } from '../lib/reasons.js';
import type { ReasonCode } from '../lib/reasons.js';
import { markClosing } from './connection-end.js';

/** What an error answer on the data plane is made from. */
export interface ErrorAnswer {
  readonly status: number;
  readonly code: ReasonCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly requestId: string;
  readonly retryAfterSeconds?: number;
  readonly bearerError?: Denial['bearerError'];
  /** Whether `WWW-Authenticate` offers Basic too. */
  readonly offersBasic: boolean;
}

const DEFAULT_RETRY_SECONDS = 5;

/** The words for a denial: reasons that would tell too much share their words with others. */
export function answerFor(denial: Denial, requestId: string, offersBasic: boolean): ErrorAnswer {
  const { message, ...definition } = reasonOf(denial.reason);
  const status = denial.status ?? definition.status;
  const needsRetryAfter = status === 503 || status === 429;
  return {
    status,
    code: publicCode(denial.reason),
    message,
    hint: denial.hint ?? definition.hint,
    requestId,
    retryAfterSeconds: denial.retryAfterSeconds ?? (needsRetryAfter ? DEFAULT_RETRY_SECONDS : undefined),
    bearerError: denial.bearerError,
    offersBasic,
  };
}

/** An unknown token, a revoked one and another's look the same from outside. */
function publicCode(reason: ReasonCode): ReasonCode {
  return reason === 'token_revoked' || reason === 'token_owner_mismatch' ? 'token_unknown' : reason;
}

/** Whose clients print the answer. */
export type AnswerShape = Product | GitTraffic | undefined;

/** The shape that the caller prints: git's where git asks, else the product's. */
export function answerShape(application: Application | undefined, policyPath: string): AnswerShape {
  return application && (gitTraffic(application.product, policyPath) ?? application.product);
}

/** The body in the shape that the product's own clients print. */
export function errorBody(shape: AnswerShape, answer: ErrorAnswer): string {
  const { code, requestId, hint } = answer;
  const message = hint === undefined ? answer.message : `${answer.message} ${hint}`;
  const ours = hint === undefined ? { code, requestId } : { code, requestId, hint };
  if (shape === 'git') return `${message} (${code}, request ${requestId})\n`;
  if (shape === 'git-lfs') return JSON.stringify({ message, request_id: requestId, ...ours });
  if (shape === 'confluence') return JSON.stringify({ statusCode: answer.status, message, ...ours });
  if (shape === 'bitbucket') {
    return JSON.stringify({ errors: [{ context: null, message, exceptionName: null }], ...ours });
  }
  return JSON.stringify({ errorMessages: [message], errors: {}, ...ours });
}

const JSON_TYPE = 'application/json;charset=UTF-8';
/** Git shows its user only what is plain text. */
const CONTENT_TYPES: Readonly<Record<Product | GitTraffic, string>> = {
  jira: JSON_TYPE,
  confluence: JSON_TYPE,
  bitbucket: JSON_TYPE,
  git: 'text/plain;charset=UTF-8',
  'git-lfs': 'application/vnd.git-lfs+json',
};

/**
 * Sends an error answer and nothing else. When the request's body was not read to its end the connection is
 * closed after it, so that no leftover byte is taken for a request.
 */
export function sendError(
  response: ServerResponse,
  shape: AnswerShape,
  answer: ErrorAnswer,
  extraHeaders: readonly string[],
): number {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return 0;
  }
  const body = Buffer.from(errorBody(shape, answer));
  const headers = [
    'Content-Type',
    CONTENT_TYPES[shape ?? 'jira'],
    'Content-Length',
    String(body.length),
    'Cache-Control',
    'no-store',
    'X-Content-Type-Options',
    'nosniff',
    'X-Request-Id',
    answer.requestId,
    ...extraHeaders,
  ];
  if (answer.retryAfterSeconds !== undefined)
    headers.push('Retry-After', String(Math.max(1, Math.ceil(answer.retryAfterSeconds))));
  if (answer.status === 401) headers.push(...challenges(answer));
  if (!saysClose(headers) && hasBodyLeft(response.req)) headers.push('Connection', 'close');
  if (saysClose(headers)) markClosing(response);
  response.writeHead(answer.status, headers);
  response.end(response.req.method === 'HEAD' ? undefined : body);
  return body.length;
}

/** A request that is refused while its head is being read is not complete yet, though nothing may follow. */
function hasBodyLeft({ complete, headers }: IncomingMessage): boolean {
  if (complete) return false;
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** Names stand at even places: the value of another field, as of a caller's X-Request-Id, says nothing here. */
function saysClose(headers: readonly string[]): boolean {
  return headers.some((name, i) => i % 2 === 0 && name === 'Connection' && headers[i + 1] === 'close');
}

/** RFC 6750 section 3: no error code when no credential was sent. Basic is offered where it is accepted. */
function challenges(answer: ErrorAnswer): string[] {
  const bearer = answer.bearerError
    ? `Bearer realm="Restgate", error="${answer.bearerError}", error_description="${answer.message.replaceAll('"', "'")}"`
    : 'Bearer realm="Restgate"';
  const fields = ['WWW-Authenticate', bearer];
  if (answer.offersBasic) fields.push('WWW-Authenticate', 'Basic realm="Restgate"');
  return fields;
}
