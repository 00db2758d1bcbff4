import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';

const MOST_ENTRIES = 5000;
const LONGEST_PATH = 500;
const KEY = /^[a-z0-9][a-z0-9-]{0,62}$/;
const KEY_MESSAGE = 'application must be the key of an application';
const PRODUCTS = ['jira', 'confluence', 'bitbucket'] as const;
const CLASSIFICATIONS = ['read', 'write'] as const;
/** PUT, PATCH and DELETE change something by their definition (RFC 9110 section 9.3). */
const READ_METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST'] as const;
const WRITE_METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Calls that only read. */
export class ReadEntryDto {
  /** Key of the application; absent: all applications. */
  @IsOptional()
  @IsString()
  @Matches(KEY, { message: KEY_MESSAGE })
  @ApiProperty({ required: false, pattern: KEY.source })
  application?: string;

  /** HTTP methods, at least one. `GET` stands for `HEAD` as well. */
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(READ_METHODS.length)
  @IsIn(READ_METHODS, { each: true })
  @ApiProperty({ enum: READ_METHODS, isArray: true, maxItems: READ_METHODS.length })
  methods: string[];

  /** Ant-style pattern below the context path: `?` one character, `*` within a segment, `**` across segments. */
  @IsString()
  @MaxLength(LONGEST_PATH)
  path: string;
}

/** Calls that write, whatever their method. */
export class WriteEntryDto {
  /** Key of the application; absent: all applications. */
  @IsOptional()
  @IsString()
  @Matches(KEY, { message: KEY_MESSAGE })
  @ApiProperty({ required: false, pattern: KEY.source })
  application?: string;

  /** HTTP methods; empty: every method. `GET` stands for `HEAD` as well. */
  @IsArray()
  @ArrayMaxSize(WRITE_METHODS.length)
  @IsIn(WRITE_METHODS, { each: true })
  @ApiProperty({ enum: WRITE_METHODS, isArray: true, maxItems: WRITE_METHODS.length })
  methods: string[] = [];

  /** Ant-style pattern below the context path: `?` one character, `*` within a segment, `**` across segments. */
  @IsString()
  @MaxLength(LONGEST_PATH)
  path: string;
}

/** Which calls count as reads or writes, on top of the shipped catalogue. An absent list is empty. */
export class ReadWriteDto {
  /** Open to read-only groups and to tokens of scope `read`. Matched only by paths sent in canonical form. */
  @IsArray()
  @ArrayMaxSize(MOST_ENTRIES)
  @ValidateNested({ each: true })
  @Type(() => ReadEntryDto)
  @ApiProperty({ maxItems: MOST_ENTRIES })
  reads: ReadEntryDto[] = [];

  /** Closed to them. Goes before `reads` and the catalogue, in whatever spelling the path comes. */
  @IsArray()
  @ArrayMaxSize(MOST_ENTRIES)
  @ValidateNested({ each: true })
  @Type(() => WriteEntryDto)
  @ApiProperty({ maxItems: MOST_ENTRIES })
  writes: WriteEntryDto[] = [];
}

/** The lists in force. */
export class ReadWriteView extends ReadWriteDto {}

/** What was saved, and what an admin should look at. */
export class SavedReadWriteView extends ReadWriteView {
  /** For example applications that do not exist. */
  warnings: string[];
}

/** One entry of the shipped catalogue. */
export class ReadWriteCatalogueEntryView {
  @ApiProperty({ enum: CLASSIFICATIONS })
  classification: 'read' | 'write';

  /** Null: every product. */
  @ApiProperty({ enum: PRODUCTS, nullable: true })
  product: 'jira' | 'confluence' | 'bitbucket' | null;

  methods: string[];

  /** Ant-style pattern below the context path. */
  path: string;

  /** What it does. */
  description: string;

  /** True: no entry of yours makes it a read. */
  fixed: boolean;
}

export class ReadWriteCatalogueView {
  items: ReadWriteCatalogueEntryView[];

  /** Always null: the catalogue is one page. */
  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
