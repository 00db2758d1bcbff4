import { Inject, Injectable } from '@nestjs/common';
import { AUDIT_QUERIES } from '../audit/audit.port.js';
import type { AuditQueriesPort, WouldDenyEntry } from '../audit/audit.port.js';

const DAYS = 30;
const GROUP_REASONS: readonly string[] = ['group_not_allowed', 'read_only_user'];

export interface GroupReport {
  readonly days: number;
  readonly items: readonly WouldDenyEntry[];
}

/** Who would be refused if the group restrictions were enforced: the answer to "may I switch it on?". */
@Injectable()
export class GroupReportService {
  constructor(@Inject(AUDIT_QUERIES) private readonly audit: AuditQueriesPort) {}

  async report(): Promise<GroupReport> {
    return { days: DAYS, items: await this.audit.wouldDenyReport(DAYS, GROUP_REASONS) };
  }
}
