import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

/** What to look for in a directory. */
export class DirectorySearch {
  /** Key of the application whose directory is asked. */
  @IsString()
  @MaxLength(63)
  application: string;

  /** Part of a name; empty or absent: anybody. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  query?: string;

  /** How many at most. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit?: number;
}

/** A user or group to pick. */
export class DirectoryEntryView {
  name: string;
  displayName?: string;
  email?: string;
}

export class DirectoryEntryPage {
  items: DirectoryEntryView[];
  /** Always null: narrow the search instead. */
  @ApiProperty({ type: 'null' })
  nextCursor: null;
}
