import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';

export class ExportQuery {
  /** `yaml` for people; default `json`. */
  @IsOptional()
  @IsIn(['json', 'yaml'])
  format?: 'json' | 'yaml';
}

export class ApplyQuery {
  /** `true`: shows what would change and changes nothing. */
  @IsOptional()
  @IsIn(['true', 'false'])
  dryRun?: string;

  /** `true`: also applies what would shut the caller out. */
  @IsOptional()
  @IsIn(['true', 'false'])
  confirm?: string;
}

export class ConfigurationChangeView {
  /** What is changed, for example `global-settings.adminGroups`. */
  path: string;

  /** Null: it did not exist. */
  @ApiProperty({ nullable: true, description: 'Null: it did not exist.' })
  before: unknown;

  /** Null: it is deleted. */
  @ApiProperty({ nullable: true, description: 'Null: it is deleted.' })
  after: unknown;
}

/** What was changed, or would be. */
export class ConfigurationPlanView {
  /** False for a dry run. */
  applied: boolean;

  changes: ConfigurationChangeView[];
}
