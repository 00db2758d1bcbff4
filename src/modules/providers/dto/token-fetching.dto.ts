import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, IsString, Length, MaxLength } from 'class-validator';

/** What to type into Postman's "Get New Access Token". */
export class PostmanView {
  grantType: string;
  callbackUrl: string;
  authUrl: string;
  accessTokenUrl: string;
  clientId: string;
  scope: string;
  codeChallengeMethod: string;
  clientAuthentication: string;
}

/** A sign-in that was begun. */
export class AuthorizationView {
  /** To open in the browser. */
  authorizationUrl: string;
  /** To ask for the result with. */
  state: string;
  expiresAt: string;
  postman: PostmanView;
}

/** What became of a sign-in; a result is given once. */
export class AuthorizationResultView {
  @ApiProperty({ enum: ['pending', 'complete', 'failed'] })
  status: 'pending' | 'complete' | 'failed';
  accessToken?: string;
  tokenType?: string;
  @ApiProperty({ type: Number, nullable: true, required: false })
  expiresIn?: number | null;
  @ApiProperty({ type: String, nullable: true, required: false })
  scope?: string | null;
  /** A call with the token, for a shell. */
  curl?: string;
  error?: string;
}

export class ClientCredentialsInput {
  /** Instead of the provider's scope without openid, profile and email. */
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  scope?: string;
}

/** A token that the client got for itself. */
export class ClientCredentialsView {
  accessToken: string;
  tokenType: string;
  @ApiProperty({ type: Number, nullable: true })
  expiresIn: number | null;
  @ApiProperty({ type: String, nullable: true })
  scope: string | null;
  curl: string;
}

export class UserinfoInput {
  /** An access token of a user. */
  @IsString()
  @Length(1, 16_384)
  accessToken: string;
}

export class AttributeView {
  path: string;
  value: string;
}

/** What the provider says about a token. */
export class UserinfoView {
  /** HTTP status of the provider; 200 for claims of the token itself. */
  status: number;
  @ApiProperty({ enum: ['userinfo', 'introspection', 'token'] })
  source: string;
  @ApiProperty({ description: 'The answer: JSON where it is JSON, else text.' })
  response: unknown;
  /** Every scalar attribute, as `usernameAttribute` would name it. */
  @ApiProperty({ type: [AttributeView] })
  attributes: AttributeView[];
  /** The attribute that most likely names the user. */
  @ApiProperty({ type: String, nullable: true })
  suggested: string | null;
}
