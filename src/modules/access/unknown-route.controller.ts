import { All, Controller, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ControlRoutes } from '../../platform/http/control-routes.js';
import { ProblemError } from '../../platform/http/problem.js';
import { Access } from './access.port.js';

/** Answers what no other control-plane route took: 404, 405 with `Allow`, or the path without its last slash. */
@ApiExcludeController()
@Controller('restgate')
export class UnknownRouteController {
  constructor(private readonly routes: ControlRoutes) {}

  @Access('public')
  @RouteConfig({ rawStream: true })
  @All('*')
  refuse(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const query = request.url.indexOf('?');
    const path = query < 0 ? request.url : request.url.slice(0, query);
    const allowed = this.routes.allowedMethods(path);
    if (allowed.includes(request.method) && path.endsWith('/')) {
      reply.redirect(path.slice(0, -1), 308);
      return;
    }
    if (allowed.length === 0 || allowed.includes(request.method)) {
      throw new ProblemError(
        404,
        'not_found',
        'Nothing is served at this path. /restgate/docs lists what is.',
      );
    }
    throw new ProblemError(405, 'method_not_allowed', `${request.method} is not served here.`, undefined, {
      allow: allowed.join(', '),
    });
  }
}
