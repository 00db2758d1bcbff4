import { ApiProperty, OmitType, PartialType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import type { Product } from '../applications.port.js';
import { DIRECTORY_FORMS, IDENTITY_FORMS, TLS_FORMS } from './application-forms.dto.js';

/** How long to wait for the application. */
export class TimeoutsInput {
  /** Until the connection stands, in milliseconds. */
  @IsOptional()
  @IsInt()
  @Min(100)
  @Max(60_000)
  connectMs?: number;

  /** Until the answer begins, in milliseconds. */
  @IsOptional()
  @IsInt()
  @Min(100)
  @Max(3_600_000)
  headersMs?: number;

  /** Between two pieces of a body, in milliseconds. */
  @IsOptional()
  @IsInt()
  @Min(100)
  @Max(3_600_000)
  idleMs?: number;
}

/** A new application. */
export class CreateApplication {
  /** Short name in paths and filters: lower case letters, digits, hyphens. Cannot be changed. */
  @IsString()
  @MaxLength(63)
  @Matches(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, { message: 'must be lower case letters, digits and hyphens' })
  key: string;

  /** Shown to people; default: the key. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  name?: string;

  /** Which Atlassian product it is. */
  @IsIn(['jira', 'confluence', 'bitbucket'])
  product: Product;

  /** Address at which Restgate reaches it, context path included. */
  @IsString()
  @MaxLength(500)
  baseUrl: string;

  /** Where it is reached on the gateway; default `/{key}`, or empty with a hostname. */
  @ApiProperty({ type: String, nullable: true, required: false })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  pathPrefix?: string | null;

  /** Host name by which it is reached on the gateway; absent: any. */
  @ApiProperty({ type: String, nullable: true, required: false })
  @IsOptional()
  @IsString()
  @MaxLength(253)
  hostname?: string | null;

  /** False: it is not served. */
  @IsOptional()
  @IsBoolean()
  enabled?: boolean;

  /** What to do with pages and static files. */
  @IsOptional()
  @IsIn(['forward', 'block'])
  webTraffic?: 'forward' | 'block';

  /** What to do with API calls of browser sessions. */
  @IsOptional()
  @IsIn(['forward', 'reject'])
  sessionCookies?: 'forward' | 'reject';

  /** What to do with OAuth 1.0a calls of application links. */
  @IsOptional()
  @IsIn(['forward', 'reject'])
  applicationLinks?: 'forward' | 'reject';

  /** Overrides the global setting for anonymous calls; null: as the global setting says. */
  @ApiProperty({ enum: ['public-apis', 'application', 'deny'], nullable: true, required: false })
  @IsOptional()
  @IsIn(['public-apis', 'application', 'deny'])
  anonymousAccess?: 'public-apis' | 'application' | 'deny' | null;

  /** How Restgate acts as the user. */
  @ApiProperty(IDENTITY_FORMS)
  @IsOptional()
  identity?: unknown;

  /** Where users and groups are looked up. */
  @ApiProperty(DIRECTORY_FORMS)
  @IsOptional()
  directory?: unknown;

  /** Whether the answer must say that it was made for the intended user. */
  @IsOptional()
  @IsIn(['strict', 'when-present', 'off'])
  identityCheck?: 'strict' | 'when-present' | 'off';

  /** How long to wait for the application. */
  @IsOptional()
  @ValidateNested()
  @Type(() => TimeoutsInput)
  timeouts?: TimeoutsInput;

  /** Whom to trust, and a client certificate; null: as the system does. */
  @ApiProperty(TLS_FORMS)
  @IsOptional()
  tls?: unknown;

  /** Ant-style paths of protected endpoints that are served all the same. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(50)
  @IsString({ each: true })
  @MaxLength(500, { each: true })
  openedEndpoints?: string[];
}

/** A change of an application: what is absent stays, secrets included. */
export class UpdateApplication extends PartialType(OmitType(CreateApplication, ['key'])) {}

/** How the next key is to be known to the application. */
export class RotateIdentityKey {
  /** Consumer key of a second application link; absent: the present one, whose link then trusts one key at a time. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  @Matches(/^[\x21-\x7e]+$/, { message: 'must be printable ASCII without spaces' })
  consumerKey?: string;
}
