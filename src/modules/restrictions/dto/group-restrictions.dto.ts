import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsString,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { RESTRICTION_MODES } from './restriction-mode.dto.js';

const MOST_GROUPS = 200;
const LONGEST_GROUP = 255;
const PRINTABLE = /^[^\u0000-\u001f\u007f]+$/;

/** One list of groups with its switch. */
export class GroupListDto {
  /** Off: the list is kept but has no effect. */
  @IsBoolean()
  enabled: boolean = false;

  /** Names of groups, compared without case. Must not be empty while enabled. */
  @ApiProperty({ maxItems: MOST_GROUPS })
  @IsArray()
  @ArrayMaxSize(MOST_GROUPS)
  @IsString({ each: true })
  @MaxLength(LONGEST_GROUP, { each: true })
  @Matches(PRINTABLE, { each: true, message: 'groups must hold names without control characters' })
  groups: string[] = [];
}

/** Who may call, who may only read, and who may create tokens. What is absent is switched off. */
export class GroupRestrictionsDto {
  /** Only members of these groups may call. */
  @ValidateNested()
  @Type(() => GroupListDto)
  apiAccess: GroupListDto = new GroupListDto();

  /** Members of these groups may only read, also when they have API access. */
  @ValidateNested()
  @Type(() => GroupListDto)
  readOnly: GroupListDto = new GroupListDto();

  /** Only members of these groups may create API tokens for themselves. */
  @ValidateNested()
  @Type(() => GroupListDto)
  tokenCreation: GroupListDto = new GroupListDto();

  /** `report`: nothing is refused, what would have been is noted in the audit log. */
  @IsIn(RESTRICTION_MODES)
  @ApiProperty({ enum: RESTRICTION_MODES })
  mode: 'enforce' | 'report' = 'enforce';
}

/** The group restrictions in force. */
export class GroupRestrictionsView extends GroupRestrictionsDto {}

/** What was saved, and what an admin should look at. */
export class SavedGroupRestrictionsView extends GroupRestrictionsView {
  /** For example groups that no directory knows. */
  warnings: string[];
}
