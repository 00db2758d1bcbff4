import { Controller, Get, Res } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Access } from '../access/access.port.js';
import { LivenessView, ReadinessView } from './dto/health-view.dto.js';
import { ReadinessService } from './readiness.service.js';

@ApiTags('health')
@Controller('restgate/health')
export class HealthController {
  constructor(private readonly checks: ReadinessService) {}

  /** Whether the process answers; restart it when it does not. */
  @Access('public')
  @Get('live')
  live(): LivenessView {
    return { status: 'ok' };
  }

  /** Whether this node can take traffic. `degraded` nodes can. */
  @Access('public')
  @Get('ready')
  @ApiResponse({ status: 200, type: ReadinessView, description: 'It can take traffic.' })
  @ApiResponse({
    status: 503,
    type: ReadinessView,
    description: 'It cannot: `checks` says why, or it is stopping.',
  })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<ReadinessView> {
    const readiness = await this.checks.readiness();
    const able = readiness.status === 'ok' || readiness.status === 'degraded';
    reply.status(able ? 200 : 503);
    return readiness;
  }
}
