import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { PRESET_IDS } from '../presets/presets.policy.js';
import {
  AUDIENCE_CHECKS,
  CLIENT_AUTHENTICATIONS,
  USERNAME_TRANSFORMS,
  USER_LOOKUPS,
  VALIDATIONS,
} from '../provider-settings.port.js';
import type {
  AudienceCheck,
  ClientAuthentication,
  UserLookup,
  UsernameTransform,
  Validation,
} from '../provider-settings.port.js';

const URL_LENGTH = 2000;
const notNull = (_: object, value: unknown): boolean => value !== null && value !== undefined;

/** Endpoints of a provider. `null` removes one. */
export class ProviderEndpointsInput {
  /** Where browsers sign in. */
  @ApiPropertyOptional({ type: String, nullable: true })
  @IsOptional()
  @IsString()
  @MaxLength(URL_LENGTH)
  authorization?: string | null;

  /** Where tokens are fetched. */
  @ApiPropertyOptional({ type: String, nullable: true })
  @IsOptional()
  @IsString()
  @MaxLength(URL_LENGTH)
  token?: string | null;

  /** Where attributes of the signed-in user are read. */
  @ApiPropertyOptional({ type: String, nullable: true })
  @IsOptional()
  @IsString()
  @MaxLength(URL_LENGTH)
  userinfo?: string | null;

  /** RFC 7662 introspection. */
  @ApiPropertyOptional({ type: String, nullable: true })
  @IsOptional()
  @IsString()
  @MaxLength(URL_LENGTH)
  introspection?: string | null;

  /** The key set that JWTs are verified with. */
  @ApiPropertyOptional({ type: String, nullable: true })
  @IsOptional()
  @IsString()
  @MaxLength(URL_LENGTH)
  jwks?: string | null;

  /** RFC 7009 revocation. */
  @ApiPropertyOptional({ type: String, nullable: true })
  @IsOptional()
  @IsString()
  @MaxLength(URL_LENGTH)
  revocation?: string | null;
}

/** A machine identity: tokens that this client got for itself act as this user. */
export class ServiceAccountInput {
  /** Client id at the provider. */
  @IsString()
  @Length(1, 500)
  clientId: string;

  /** User name in the Atlassian directory. */
  @IsString()
  @Length(1, 255)
  username: string;
}

/** What creating and changing a provider have in common. */
export class ProviderInput {
  /** Switched off: its tokens are refused. */
  @IsOptional()
  @IsBoolean()
  enabled?: boolean;

  /** Client secret; written only. `null` removes it. */
  @ApiPropertyOptional({ type: String, nullable: true })
  @IsOptional()
  @IsString()
  @MaxLength(4000)
  clientSecret?: string | null;

  /** Scope that "Fetch token" asks for, separated by spaces. */
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  scope?: string;

  /** Endpoints that differ from the preset and from discovery. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => ProviderEndpointsInput)
  endpoints?: ProviderEndpointsInput;

  /** Issuer, exactly as the provider spells it. */
  @ApiPropertyOptional({ type: String, nullable: true })
  @IsOptional()
  @IsString()
  @MaxLength(URL_LENGTH)
  issuer?: string | null;

  /** Issuer that access tokens name, where it is not the issuer of the metadata. */
  @ApiPropertyOptional({ type: String, nullable: true })
  @IsOptional()
  @IsString()
  @MaxLength(URL_LENGTH)
  accessTokenIssuer?: string | null;

  /** Values of the preset's fields, for example `{"tenant": "..."}`. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string', maxLength: 500 } })
  @IsOptional()
  @IsObject()
  parameters?: Record<string, string>;

  /** How tokens are verified. */
  @ApiPropertyOptional({ enum: VALIDATIONS })
  @IsOptional()
  @IsIn(VALIDATIONS)
  validation?: Validation;

  /** Audiences and client ids whose tokens are accepted, besides the provider's own client id. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(50)
  @IsString({ each: true })
  @Length(1, 500, { each: true })
  audience?: string[];

  /** `accept-any-client` is a risk: tokens of every client of the provider are accepted. */
  @ApiPropertyOptional({ enum: AUDIENCE_CHECKS })
  @IsOptional()
  @IsIn(AUDIENCE_CHECKS)
  audienceCheck?: AudienceCheck;

  /** Attribute that names the user: a literal key, or a path such as `emails.0`. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  usernameAttribute?: string;

  /** What the attribute is looked up as. */
  @ApiPropertyOptional({ enum: USER_LOOKUPS })
  @IsOptional()
  @IsIn(USER_LOOKUPS)
  userLookup?: UserLookup;

  /** What is done to the attribute before the look-up. */
  @ApiPropertyOptional({ enum: USERNAME_TRANSFORMS })
  @IsOptional()
  @IsIn(USERNAME_TRANSFORMS)
  usernameTransform?: UsernameTransform;

  /** Attribute that lists groups, for applications whose directory is the token's claims. */
  @ApiPropertyOptional({ type: String, nullable: true })
  @ValidateIf(notNull)
  @IsString()
  @MaxLength(200)
  groupsAttribute?: string | null;

  /** Machine identities. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(500)
  @ValidateNested({ each: true })
  @Type(() => ServiceAccountInput)
  serviceAccounts?: ServiceAccountInput[];

  /** Accept JWTs that are not marked as access tokens (typ `JWT` or none). */
  @IsOptional()
  @IsBoolean()
  acceptPlainJwt?: boolean;

  /** Accept e-mail addresses that the provider says are not verified. */
  @IsOptional()
  @IsBoolean()
  trustUnverifiedEmail?: boolean;

  /** JWTs that were issued longer ago are refused. */
  @IsOptional()
  @IsInt()
  @Min(60)
  @Max(400 * 24 * 3600)
  maxTokenAgeSeconds?: number;

  /** How the client id and secret are sent to the provider. */
  @ApiPropertyOptional({ enum: CLIENT_AUTHENTICATIONS })
  @IsOptional()
  @IsIn(CLIENT_AUTHENTICATIONS)
  clientAuthentication?: ClientAuthentication;

  /** Providers are tried in this order. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(10_000)
  order?: number;
}

/** A new provider. */
export class CreateProvider extends ProviderInput {
  /** Shown to admins and in the audit log. */
  @IsString()
  @Length(1, 100)
  name: string;

  /** Id of a preset. */
  @ApiProperty({ enum: PRESET_IDS })
  @IsIn(PRESET_IDS)
  preset: string;

  /** Client id that the provider gave. */
  @IsString()
  @Length(1, 500)
  clientId: string;
}

/** Changes of a provider; absent fields stay as they are. */
export class UpdateProvider extends ProviderInput {
  /** Shown to admins and in the audit log. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  name?: string;

  /** Client id that the provider gave. */
  @IsOptional()
  @IsString()
  @Length(1, 500)
  clientId?: string;
}
