import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';

const MOST_RULES = 5000;
const LONGEST_PATH = 500;
const PRODUCTS = ['jira', 'confluence', 'bitbucket'] as const;
export const RULE_METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** One line of a list. */
export class ApiRuleDto {
  /** Key of the application; absent: all applications. */
  @IsOptional()
  @IsString()
  @Matches(/^[a-z0-9][a-z0-9-]{0,62}$/, { message: 'application must be the key of an application' })
  application?: string;

  /** HTTP methods; empty: every method. `GET` stands for `HEAD` as well. */
  @IsArray()
  @ArrayMaxSize(RULE_METHODS.length)
  @IsIn(RULE_METHODS, { each: true })
  @ApiProperty({ enum: RULE_METHODS, isArray: true, maxItems: RULE_METHODS.length })
  methods: string[] = [];

  /** Ant-style pattern below the context path: `?` one character, `*` within a segment, `**` across segments. */
  @IsString()
  @MaxLength(LONGEST_PATH)
  path: string;
}

/** Which APIs are public, which are not, and where Restgate does not authenticate. An absent list is empty. */
export class PublicApiDto {
  /** Public APIs that need authentication here. Goes before every other list. */
  @ApiProperty({ maxItems: MOST_RULES })
  @IsArray()
  @ArrayMaxSize(MOST_RULES)
  @ValidateNested({ each: true })
  @Type(() => ApiRuleDto)
  restricted: ApiRuleDto[] = [];

  /** APIs that are forwarded with the caller's own credentials; the application authenticates. */
  @ApiProperty({ maxItems: MOST_RULES })
  @IsArray()
  @ArrayMaxSize(MOST_RULES)
  @ValidateNested({ each: true })
  @Type(() => ApiRuleDto)
  bypass: ApiRuleDto[] = [];

  /** APIs that may be called anonymously, besides the catalogue. */
  @ApiProperty({ maxItems: MOST_RULES })
  @IsArray()
  @ArrayMaxSize(MOST_RULES)
  @ValidateNested({ each: true })
  @Type(() => ApiRuleDto)
  additionalPublic: ApiRuleDto[] = [];
}

/** The lists in force. */
export class PublicApiView extends PublicApiDto {}

/** What was saved, and what an admin should look at. */
export class SavedPublicApiView extends PublicApiView {
  /** For example applications that do not exist. */
  warnings: string[];
}

/** One API that may be called anonymously by default. */
export class PublicApiEntryView {
  @ApiProperty({ enum: PRODUCTS })
  product: 'jira' | 'confluence' | 'bitbucket';

  /** The methods that are public. */
  methods: string[];

  /** Ant-style pattern below the context path. */
  path: string;

  /** What it tells. */
  description: string;
}

export class PublicApiCatalogueView {
  items: PublicApiEntryView[];

  /** Always null: the catalogue is one page. */
  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
