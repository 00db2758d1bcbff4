import { STATUS_CODES } from 'node:http';
import { Catch, HttpException } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DatabaseUnavailableError, isDatabaseDown, isUnstorableText } from '../database/database.errors.js';
import type { Logger } from '../logging/logger.js';
import { SettingConflictError } from '../settings/settings.port.js';
import { ProblemError } from './problem.js';
import type { Problem } from './problem.js';
import { requestIdOf } from './request-id.js';
import { applyControlHeaders } from './security-headers.js';

/** Codes of errors that Nest or Fastify throw by themselves. */
const CODES: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  401: 'authentication_required',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  406: 'not_acceptable',
  408: 'request_timeout',
  409: 'conflict',
  412: 'precondition_failed',
  413: 'payload_too_large',
  414: 'uri_too_long',
  415: 'unsupported_media_type',
  422: 'unprocessable',
  428: 'precondition_required',
  429: 'too_many_requests',
  431: 'header_fields_too_large',
};

const DATABASE_RETRY_SECONDS = '5';

/** Every error of the control plane as RFC 9457 problem details. Nothing unexpected is shown, all of it is logged. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const requestId = requestIdOf(request.raw);
    const problem = problemOf(exception);
    this.note(exception, problem.status, requestId);
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    applyControlHeaders(request, reply);
    if (leavesBodyUnread(request)) reply.header('connection', 'close');
    for (const [name, value] of Object.entries(problem.headers ?? {})) reply.header(name, value);
    reply
      .status(problem.status)
      .type('application/problem+json')
      .send(JSON.stringify(bodyOf(problem, requestId)));
  }

  private note(exception: unknown, status: number, requestId: string): void {
    if (status === 503)
      this.log.warn({ err: exception, requestId }, 'a control-plane request could not be served');
    else if (status >= 500) this.log.error({ err: exception, requestId }, 'a control-plane request failed');
    else this.log.debug({ err: exception, requestId, status }, 'a control-plane request was refused');
  }
}

/**
 * Answers what Fastify's router refuses before any route is found (a malformed or over-long path). For the
 * adapter: `new FastifyAdapter({ frameworkErrors: answerFrameworkError })`.
 */
export function answerFrameworkError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const { statusCode } = error as { statusCode?: number };
  const problem =
    statusCode === 414
      ? new ProblemError(414, 'uri_too_long', 'A part of the path is too long.')
      : new ProblemError(400, 'invalid_request', 'The path is not well-formed.');
  sendProblem(problem, request, reply);
}

function sendProblem(problem: ProblemError, request: FastifyRequest, reply: FastifyReply): void {
  applyControlHeaders(request, reply);
  if (leavesBodyUnread(request)) reply.header('connection', 'close');
  for (const [name, value] of Object.entries(problem.headers ?? {})) reply.header(name, value);
  const body = bodyOf(problem, requestIdOf(request.raw));
  reply.status(problem.status).type('application/problem+json').send(JSON.stringify(body));
}

/** What is answered to an error. Only expected refusals keep their own words. */
export function problemOf(exception: unknown): ProblemError {
  if (exception instanceof ProblemError) return exception;
  if (exception instanceof SettingConflictError) {
    return new ProblemError(
      412,
      'precondition_failed',
      'Somebody else saved in between. Read it again and repeat.',
    );
  }
  if (exception instanceof HttpException) return fromHttpException(exception);
  if (exception instanceof DatabaseUnavailableError || isDatabaseDown(exception)) {
    return new ProblemError(
      503,
      'database_unavailable',
      'The database cannot be reached at the moment. Nothing was changed.',
      undefined,
      { 'retry-after': DATABASE_RETRY_SECONDS },
    );
  }
  if (isUnstorableText(exception))
    return new ProblemError(400, 'invalid_request', 'A text holds a character that cannot be stored (NUL).');
  return internalError();
}

/** A refused body may be endless: the connection ends instead of reading it. */
function leavesBodyUnread({ raw }: FastifyRequest): boolean {
  const announced =
    raw.headers['transfer-encoding'] !== undefined || Number(raw.headers['content-length'] ?? 0) > 0;
  return announced && !raw.complete;
}

function fromHttpException(exception: HttpException): ProblemError {
  const status = exception.getStatus();
  if (status >= 500 && status !== 503) return internalError();
  const code = status === 503 ? 'unavailable' : (CODES[status] ?? 'invalid_request');
  return new ProblemError(status, code, exception.message);
}

function internalError(): ProblemError {
  return new ProblemError(
    500,
    'internal_error',
    'The request failed. The log has the reason under this request id.',
  );
}

function bodyOf(problem: ProblemError, requestId: string): Problem {
  return {
    type: `urn:restgate:problem:${problem.code}`,
    title: STATUS_CODES[problem.status] ?? 'Error',
    status: problem.status,
    detail: problem.detail,
    code: problem.code,
    requestId,
    ...(problem.errors && problem.errors.length > 0 ? { errors: problem.errors } : {}),
  };
}
