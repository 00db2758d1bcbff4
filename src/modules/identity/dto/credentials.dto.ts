import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches, MaxLength, MinLength } from 'class-validator';

/** The user's own token for one application. */
export class StoreCredential {
  /** A personal access token that the user made in the application. Never shown again. */
  @IsString()
  @MinLength(8)
  @MaxLength(500)
  @Matches(/^[\x21-\x7e]+$/, { message: 'must be printable ASCII without spaces' })
  personalAccessToken: string;
}

/** That a token is stored, not what it is. */
export class StoredCredentialView {
  /** Key of the application. */
  application: string;
  personalAccessTokenSet: boolean;
  storedAt: string;
}

export class StoredCredentialPage {
  items: StoredCredentialView[];
  /** Always null: there is one per application. */
  @ApiProperty({ type: 'null' })
  nextCursor: null;
}
