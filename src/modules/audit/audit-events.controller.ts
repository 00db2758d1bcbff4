import { Controller, Get, Param, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { API } from '../../platform/http/api.js';
import { DEFAULT_PAGE_SIZE } from '../../platform/http/page.js';
import { notFound } from '../../platform/http/problem.js';
import { Access } from '../access/access.port.js';
import { decodeCursor, encodeCursor } from './audit-cursor.policy.js';
import { AuditEventsRepository } from './audit-events.repository.js';
import { AuditExport } from './audit-export.service.js';
import { eventView } from './audit-view.policy.js';
import { AuditEventPageView, AuditEventView } from './dto/audit-event.dto.js';
import { AuditEventParameters, AuditEventsQuery, AuditExportQuery } from './dto/audit-filter.dto.js';

/** Reading the audit log. */
@ApiTags('audit')
@Controller(`${API}/audit/events`)
export class AuditEventsController {
  constructor(
    private readonly events: AuditEventsRepository,
    private readonly exports: AuditExport,
  ) {}

  /**
   * Lists events, newest first. New events do not disturb the following pages. A search for something rare answers
   * after about a second with what it found, few or none: `searchedTo` says how far back it came, `nextCursor` goes on.
   */
  @Get()
  @Access('auditor')
  async list(@Query() query: AuditEventsQuery): Promise<AuditEventPageView> {
    const limit = query.limit ?? DEFAULT_PAGE_SIZE;
    const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    const { rows, next, searchedTo } = await this.events.search(query, after, limit);
    return {
      items: rows.map(eventView),
      nextCursor: next ? encodeCursor(next) : null,
      searchedTo: searchedTo ?? null,
    };
  }

  /** All events that match, as a file: CSV (RFC 4180) or one JSON object per line. Streamed. */
  @Get('export')
  @Access('auditor')
  @ApiProduces('text/csv', 'application/x-ndjson')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  async export(
    @Query() query: AuditExportQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const format = query.format ?? 'csv';
    const stream = await this.exports.open(query, format);
    reply.header('x-content-type-options', 'nosniff');
    return new StreamableFile(stream, {
      type: format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson',
      disposition: `attachment; filename="restgate-audit.${format}"`,
    });
  }

  /** One event. */
  @Get(':id')
  @Access('auditor')
  async read(@Param() { id }: AuditEventParameters): Promise<AuditEventView> {
    const row = await this.events.findById(id);
    if (!row) throw notFound(`The event ${id}`);
    return eventView(row);
  }
}
