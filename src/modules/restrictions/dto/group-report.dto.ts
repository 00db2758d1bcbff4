import { ApiProperty } from '@nestjs/swagger';

/** Calls of one method to one path. */
export class GroupReportPathView {
  @ApiProperty({ type: String, nullable: true })
  method: string | null;

  /** Canonical, below the context path. */
  @ApiProperty({ type: String, nullable: true })
  path: string | null;

  count: number;
}

/** What made the calls. */
export class GroupReportClientView {
  /** The name of the API token, or of the provider. */
  @ApiProperty({ type: String, nullable: true })
  credentialName: string | null;

  @ApiProperty({ type: String, nullable: true })
  clientIp: string | null;

  @ApiProperty({ type: String, nullable: true })
  userAgent: string | null;

  count: number;
}

/** Calls of one user that one group rule in report mode would have refused. */
export class GroupReportEntryView {
  /** `group_not_allowed` or `read_only_user`. */
  reason: string;

  @ApiProperty({ type: String, nullable: true })
  user: string | null;

  /** Key of the application. */
  @ApiProperty({ type: String, nullable: true })
  application: string | null;

  @ApiProperty({ type: String, nullable: true })
  credentialKind: string | null;

  count: number;

  @ApiProperty({ format: 'date-time' })
  firstTime: string;

  @ApiProperty({ format: 'date-time' })
  lastTime: string;

  /** The latest of the calls, in the audit log. */
  lastEventId: string;

  @ApiProperty({ type: String, nullable: true })
  lastMethod: string | null;

  @ApiProperty({ type: String, nullable: true })
  lastPath: string | null;

  /** The most frequent calls, ten at most. */
  paths: GroupReportPathView[];

  /** How many different calls there were. */
  pathCount: number;

  /** The most frequent clients, ten at most. */
  clients: GroupReportClientView[];

  /** How many different clients there were. */
  clientCount: number;
}

/** Who would be refused if the group restrictions were enforced. */
export class GroupReportView {
  /** How many days were looked at. */
  days: number;

  /** The most frequent first. */
  items: GroupReportEntryView[];

  /** Always null: the report is one page. */
  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
