import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsNotEmpty,
  IsOptional,
  IsString,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import type { AnonymousAccess } from '../global-settings.port.js';

const MOST_GROUPS = 200;
const LONGEST_GROUP = 255;
const ANONYMOUS_ACCESS = ['public-apis', 'application', 'deny'] as const satisfies AnonymousAccess[];

const isGiven = (_object: unknown, value: unknown): boolean => value !== undefined;

/** Trims every entry and drops repeated ones (groups are compared without case); other values stay as they are. */
const groupList = ({ value }: { value: unknown }): unknown => {
  if (!Array.isArray(value) || value.length > MOST_GROUPS) return value;
  const seen = new Set<unknown>();
  return value
    .map((entry: unknown) => (typeof entry === 'string' ? entry.trim() : entry))
    .filter((entry) => {
      const key = typeof entry === 'string' ? entry.toLowerCase() : entry;
      return seen.has(key) ? false : seen.add(key);
    });
};

/** The settings to change; what is absent stays as it is. */
export class UpdateGlobalSettings {
  /** Off: Restgate is not involved and requests pass as they came. */
  @ValidateIf(isGiven)
  @IsBoolean()
  restApiAuthenticationEnabled?: boolean;

  /** On: user name and password are refused wherever they come; API tokens in Basic form still work. */
  @ValidateIf(isGiven)
  @IsBoolean()
  basicAuthenticationDisabled?: boolean;

  /** Off: tokens of identity providers are refused. */
  @ValidateIf(isGiven)
  @IsBoolean()
  oauthTokensEnabled?: boolean;

  /** Off: the application's own personal access tokens are refused. */
  @ValidateIf(isGiven)
  @IsBoolean()
  personalAccessTokensAllowed?: boolean;

  /** Off: only admins may create API tokens. */
  @ValidateIf(isGiven)
  @IsBoolean()
  userTokenCreationAllowed?: boolean;

  /** What is done with calls that carry no credential. */
  @ApiProperty({ enum: ANONYMOUS_ACCESS, required: false })
  @ValidateIf(isGiven)
  @IsIn(ANONYMOUS_ACCESS)
  anonymousAccess?: AnonymousAccess;

  /** Members of these groups may use the admin API. */
  @ApiProperty({ maxItems: MOST_GROUPS, required: false })
  @ValidateIf(isGiven)
  @Transform(groupList)
  @IsArray()
  @ArrayMaxSize(MOST_GROUPS)
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @MaxLength(LONGEST_GROUP, { each: true })
  adminGroups?: string[];

  /** Members of these groups may read the settings and the audit log. */
  @ApiProperty({ maxItems: MOST_GROUPS, required: false })
  @ValidateIf(isGiven)
  @Transform(groupList)
  @IsArray()
  @ArrayMaxSize(MOST_GROUPS)
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @MaxLength(LONGEST_GROUP, { each: true })
  auditorGroups?: string[];
}

export class ConfirmQuery {
  /** `true`: save although the caller will no longer be an admin. */
  @IsOptional()
  @IsIn(['true', 'false'])
  confirm?: string;
}

/** The global settings. */
export class GlobalSettingsView {
  restApiAuthenticationEnabled: boolean;
  basicAuthenticationDisabled: boolean;
  oauthTokensEnabled: boolean;
  personalAccessTokensAllowed: boolean;
  userTokenCreationAllowed: boolean;
  @ApiProperty({ enum: ANONYMOUS_ACCESS })
  anonymousAccess: AnonymousAccess;
  adminGroups: string[];
  auditorGroups: string[];
}
