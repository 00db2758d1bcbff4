import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';

/** How to check an application. */
export class CheckApplication {
  /** As whom Restgate tries to act; default: the directory's service account. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(255)
  probeUser?: string;

  /** `oauth1`: try the key that was prepared by a rotation, before it is activated. */
  @IsOptional()
  @IsBoolean()
  nextKey?: boolean;
}

export class CheckResult {
  ok: boolean;
  /** What was seen, or what to change where. */
  detail: string;
}

/** What a check found. */
export class ApplicationCheckView {
  reachable: boolean;
  /** What answers there: jira, confluence, bitbucket or unknown. */
  product: string;
  @ApiProperty({ type: String, nullable: true })
  version: string | null;
  identity: CheckResult;
  directory: CheckResult;
  warnings: string[];
}
