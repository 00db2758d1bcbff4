import { ApiProperty } from '@nestjs/swagger';
import { IsISO8601, IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator';

/** The user's own token for one application. */
export class StoreCredential {
  /** A personal access token that the user made in the application. Never shown again. */
  @IsString()
  @MinLength(8)
  @MaxLength(500)
  @Matches(/^[\x21-\x7e]+$/, { message: 'must be printable ASCII without spaces' })
  personalAccessToken: string;

  /** When the token ends (ISO 8601); needed only where the application does not tell. */
  @IsOptional()
  @IsString()
  @MaxLength(40)
  @IsISO8601({ strict: true })
  expiresAt?: string;
}

/** That a token is stored, not what it is. */
export class StoredCredentialView {
  /** Key of the application. */
  application: string;
  personalAccessTokenSet: boolean;
  storedAt: string;
  /** null: never, or not known. */
  @ApiProperty({ type: String, nullable: true })
  expiresAt: string | null;
  /** `refused`: the application no longer accepts it. `expiring`: it ends within 30 days. */
  @ApiProperty({ enum: ['active', 'expiring', 'expired', 'refused'] })
  status: 'active' | 'expiring' | 'expired' | 'refused';
  /** What to do about it; null: nothing. */
  @ApiProperty({ type: String, nullable: true })
  warning: string | null;
}

export class StoredCredentialPage {
  items: StoredCredentialView[];
  /** Always null: there is one per application. */
  @ApiProperty({ type: 'null' })
  nextCursor: null;
}
