import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { AuditCursor } from './audit-cursor.policy.js';
import { AuditEventsRepository } from './audit-events.repository.js';
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
    const first = await this.events.find(filter, undefined, PAGE);
    return Readable.from(this.pages(filter, format, first), { objectMode: false });
  }

  private async *pages(
    filter: AuditFilterQuery,
    format: ExportFormat,
    first: Awaited<ReturnType<AuditEventsRepository['find']>>,
  ): AsyncGenerator<Buffer> {
    const header = exportHeader(format);
    if (header !== '') yield Buffer.from(header);
    for (let rows = first; rows.length > 0;) {
      yield Buffer.from(rows.map((row) => exportLine(format, eventView(row))).join(''));
      const last: AuditCursor | undefined = rows.length < PAGE ? undefined : rows.at(-1);
      rows = last ? await this.events.find(filter, last, PAGE) : [];
    }
  }
}
