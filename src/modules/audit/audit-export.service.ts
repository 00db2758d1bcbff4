import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { AuditEventsRepository } from './audit-events.repository.js';
import type { FoundEvents } from './audit-events.repository.js';
import { exportHeader, exportLine } from './audit-export.policy.js';
import type { ExportFormat } from './audit-export.policy.js';
import { eventView } from './audit-view.policy.js';
import type { AuditFilterQuery } from './dto/audit-filter.dto.js';

const PAGE = 1000;

/** Writes all events that match as a file, page by page: as fast as the reader takes it, whatever its size. */
@Injectable()
export class AuditExport {
  constructor(private readonly events: AuditEventsRepository) {}

  /** The first page is read before it answers, so that faulty filters become an error answer, not a broken file. */
  async open(filter: AuditFilterQuery, format: ExportFormat): Promise<Readable> {
    const first = await this.events.search(filter, undefined, PAGE);
    return Readable.from(this.pages(filter, format, first), { objectMode: false });
  }

  private async *pages(
    filter: AuditFilterQuery,
    format: ExportFormat,
    first: FoundEvents,
  ): AsyncGenerator<Buffer> {
    const header = exportHeader(format);
    if (header !== '') yield Buffer.from(header);
    for (let page = first; ;) {
      if (page.rows.length > 0)
        yield Buffer.from(page.rows.map((row) => exportLine(format, eventView(row))).join(''));
      if (!page.next) return;
      page = await this.events.search(filter, page.next, PAGE);
    }
  }
}
