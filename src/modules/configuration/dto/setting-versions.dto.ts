import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { PageQuery } from '../../../platform/http/page.js';
import { ConfigurationChangeView } from './configuration.dto.js';

export class SettingVersionsQuery extends PageQuery {
  /** Only the versions of these settings: `global-settings`, `restrictions/ip` and so on. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  key?: string;
}

export class RestoreQuery {
  /** `true`: also restores what shuts the caller out. */
  @IsOptional()
  @IsIn(['true', 'false'])
  confirm?: string;
}

/** One save of one group of settings. */
export class SettingVersionView {
  /** Which settings, for example `restrictions/ip`. */
  key: string;

  /** Grows by one with every save. */
  version: number;

  /** When it was saved. */
  @ApiProperty({ format: 'date-time', description: 'When it was saved.' })
  at: string;

  /** Who saved it. */
  by: string;

  /** True when it is in force. */
  current: boolean;

  /** What it changed, before and after; without secrets. */
  changes: ConfigurationChangeView[];
}

/** One version with everything in it. */
export class SettingVersionDetailView extends SettingVersionView {
  /** The settings as they were, without secrets. */
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'The settings as they were, without secrets.',
  })
  value: unknown;
}

export class SettingVersionPageView {
  /** The newest first. */
  items: SettingVersionView[];

  /** Null on the last page. */
  @ApiProperty({ type: 'string', nullable: true, description: 'Null on the last page.' })
  nextCursor: string | null;
}
