import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Registry } from 'prom-client';
import { METRICS } from '../../platform/metrics/metrics.js';
import { Access, PublicWhen } from '../access/access.port.js';

@ApiTags('health')
@Controller('restgate/metrics')
export class MetricsController {
  constructor(@Inject(METRICS) private readonly metrics: Registry) {}

  /** All metrics in the Prometheus text format. Public only with METRICS_PUBLIC=true. */
  @Access('auditor')
  @PublicWhen('metricsPublic')
  @Get()
  @ApiProduces('text/plain')
  @ApiResponse({ status: 200, description: 'Prometheus text format.', schema: { type: 'string' } })
  async read(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    reply.header('content-type', this.metrics.contentType);
    return this.metrics.metrics();
  }
}
