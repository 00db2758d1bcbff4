import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { PageQuery } from '../../../platform/http/page.js';

const LONGEST_USERNAME = 255;

export class SessionsQuery extends PageQuery {
  /** Only sessions of this user, whatever the case. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(LONGEST_USERNAME)
  username?: string;
}

/** Whose sessions to end. */
export class EndSessionsQuery {
  /** The user, whatever the case. */
  @IsString()
  @MinLength(1)
  @MaxLength(LONGEST_USERNAME)
  username: string;
}

/** One browser that somebody is signed in with. */
export class BrowserSessionView {
  /** Names the session; of no use for signing in. */
  id: string;

  /** In lower case. */
  username: string;

  /** The identity provider that the user signed in with. */
  @ApiProperty({ format: 'uuid', description: 'The identity provider that the user signed in with.' })
  providerId: string;

  /** Its name; null on a node that does not know it yet. */
  @ApiProperty({ type: 'string', nullable: true, description: 'Its name; null when it is not known yet.' })
  provider: string | null;

  @ApiProperty({ format: 'date-time', description: 'When the user signed in.' })
  createdAt: string;

  @ApiProperty({ format: 'date-time', description: 'The last request, to the minute.' })
  lastSeenAt: string;

  @ApiProperty({ format: 'date-time', description: 'When the session ends at the latest.' })
  expiresAt: string;
}

export class BrowserSessionPage {
  /** The newest sign-in first. */
  items: BrowserSessionView[];

  /** Null on the last page. */
  @ApiProperty({ type: 'string', nullable: true, description: 'Null on the last page.' })
  nextCursor: string | null;
}

export class EndedSessionsView {
  /** How many sessions were ended. */
  @ApiProperty({ type: 'integer', minimum: 0, description: 'How many sessions were ended.' })
  ended: number;
}
