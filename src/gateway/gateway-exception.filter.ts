import { Catch, ForbiddenException } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { exchangeOf } from './admission.service.js';
import { ExchangeRecorder } from './exchange-recorder.service.js';

/** Answers what the guards refused, and refuses what failed. */
@Catch()
export class GatewayExceptionFilter implements ExceptionFilter {
  constructor(private readonly recorder: ExchangeRecorder) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const exchange = exchangeOf(http.getRequest<FastifyRequest>().raw);
    if (!reply.sent) reply.hijack();
    const denied = error instanceof ForbiddenException && exchange.decision?.verdict === 'deny';
    if (denied && exchange.decision?.verdict === 'deny')
      this.recorder.deny(exchange, reply.raw, exchange.decision);
    else this.recorder.fail(exchange, reply.raw, error);
  }
}
