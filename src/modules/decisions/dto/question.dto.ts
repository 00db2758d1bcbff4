import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsIn,
  IsIP,
  IsNotEmpty,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';

export const SCHEMES = ['bearer', 'basic'] as const;
const LONGEST_TOKEN = 16_384;
const LONGEST_TARGET = 8000;
const LONGEST_NAME = 255;
const LONGEST_ADDRESS = 64;
const METHOD = /^[A-Za-z]{1,20}$/;
const KEY = /^[a-z0-9][a-z0-9-]{0,62}$/;
const PATH = /^\//;
const PATH_MESSAGE = 'path must begin with /';

/** A credential to explain or test. It is used for the answer and kept nowhere. */
export class PastedCredentialDto {
  /** How it would be sent. */
  @IsIn(SCHEMES)
  @ApiProperty({ enum: SCHEMES })
  scheme: 'bearer' | 'basic';

  /** The token; for `basic`, the token or password. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(LONGEST_TOKEN)
  token: string;

  /** The user name of the Basic field. */
  @IsOptional()
  @IsString()
  @MaxLength(LONGEST_NAME)
  username?: string;
}

/** A request to explain: for a user, for a credential, for an audited request, or anonymous. */
export class QuestionDto {
  /** Key of the application. Required unless `eventId` is given. */
  @ApiProperty({ pattern: KEY.source, required: false })
  @IsOptional()
  @IsString()
  @Matches(KEY, { message: 'application must be the key of an application' })
  application?: string;

  /** HTTP method; `GET` when absent. */
  @ApiProperty({ pattern: METHOD.source, required: false })
  @IsOptional()
  @IsString()
  @Matches(METHOD, { message: 'method must be an HTTP method' })
  method?: string;

  /** Path below the context path, or as callers write it, with a query if needed. */
  @IsOptional()
  @IsString()
  @MaxLength(LONGEST_TARGET)
  @Matches(PATH, { message: PATH_MESSAGE })
  path?: string;

  /** The client's address; yours when absent. */
  @ApiProperty({ maxLength: LONGEST_ADDRESS, required: false })
  @IsOptional()
  @IsIP()
  @MaxLength(LONGEST_ADDRESS)
  clientIp?: string;

  /** Explains for this user, without a credential. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(LONGEST_NAME)
  username?: string;

  /** Explains for this credential. */
  @IsOptional()
  @ValidateNested()
  @Type(() => PastedCredentialDto)
  credential?: PastedCredentialDto;

  /** Explains an audited request by the settings of now. */
  @IsOptional()
  @IsUUID()
  eventId?: string;
}

/** A credential to test, and the call to test it with. */
export class TokenTestDto extends PastedCredentialDto {
  /** Key of the application; the first one when absent. */
  @ApiProperty({ pattern: KEY.source, required: false })
  @IsOptional()
  @IsString()
  @Matches(KEY, { message: 'application must be the key of an application' })
  application?: string;

  /** HTTP method; `GET` when absent. */
  @ApiProperty({ pattern: METHOD.source, required: false })
  @IsOptional()
  @IsString()
  @Matches(METHOD, { message: 'method must be an HTTP method' })
  method?: string;

  /** Path below the context path; a cheap read when absent. */
  @IsOptional()
  @IsString()
  @MaxLength(LONGEST_TARGET)
  @Matches(PATH, { message: PATH_MESSAGE })
  path?: string;

  /** The client's address; yours when absent. */
  @ApiProperty({ maxLength: LONGEST_ADDRESS, required: false })
  @IsOptional()
  @IsIP()
  @MaxLength(LONGEST_ADDRESS)
  clientIp?: string;
}
