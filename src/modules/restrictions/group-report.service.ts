import { Inject, Injectable } from '@nestjs/common';
import { AUDIT_QUERIES } from '../audit/audit.port.js';
import type { AuditQueriesPort, WouldDenyEntry } from '../audit/audit.port.js';

const DAYS = 30;
const GROUP_REASONS: ReadonlySet<string> = new Set(['group_not_allowed', 'read_only_user']);

export interface GroupReport {
  readonly days: number;
  readonly items: readonly WouldDenyEntry[];
}

/** Who would be refused if the group restrictions were enforced: the answer to "may I switch it on?". */
@Injectable()
export class GroupReportService {
  constructor(@Inject(AUDIT_QUERIES) private readonly audit: AuditQueriesPort) {}

  async report(): Promise<GroupReport> {
    const entries = await this.audit.wouldDenyReport(DAYS);
    return { days: DAYS, items: entries.filter(({ reason }) => GROUP_REASONS.has(reason)) };
  }
}
