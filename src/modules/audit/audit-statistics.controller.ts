import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { API } from '../../platform/http/api.js';
import { Access } from '../access/access.port.js';
import { AuditStatistics } from './audit-statistics.service.js';
import { AuditFilterQuery } from './dto/audit-filter.dto.js';
import { AuditStatisticsView } from './dto/audit-statistics.dto.js';

/** Figures for charts. */
@ApiTags('audit')
@Controller(`${API}/audit/statistics`)
export class AuditStatisticsController {
  constructor(private readonly statistics: AuditStatistics) {}

  /** Counts by decision, reason, user and application, and durations: in all and per hour (the last 24 hours by default). */
  @Get()
  @Access('auditor')
  read(@Query() query: AuditFilterQuery): Promise<AuditStatisticsView> {
    return this.statistics.read(query);
  }
}
