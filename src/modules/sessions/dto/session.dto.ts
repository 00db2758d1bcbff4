import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';

export class SignOutQuery {
  /** `true`: ends every session of the user, on all browsers. */
  @IsOptional()
  @IsIn(['true', 'false'])
  everywhere?: string;
}

/** Who is signed in. */
export class SessionView {
  username: string;

  /** What the user may do here. */
  @ApiProperty({ enum: ['user', 'auditor', 'admin'], description: 'What the user may do here.' })
  level: 'user' | 'auditor' | 'admin';

  /** The identity provider; null when the caller did not sign in with a browser. */
  @ApiProperty({ type: 'string', nullable: true })
  provider: string | null;

  /** When the session ends at the latest. */
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  expiresAt: string | null;

  /** Goes into the header X-CSRF-Token of every change; null when the caller did not sign in with a browser. */
  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'Goes into the header X-CSRF-Token of every change.',
  })
  csrfToken: string | null;
}
