import { ApiProperty } from '@nestjs/swagger';

/** Endpoints of a provider. */
export class ProviderEndpointsView {
  authorization?: string;
  token?: string;
  userinfo?: string;
  introspection?: string;
  jwks?: string;
  revocation?: string;
}

export class ServiceAccountView {
  clientId: string;
  username: string;
}

/** A provider as answers show it: without its secret. */
export class ProviderView {
  id: string;
  name: string;
  preset: string;
  enabled: boolean;
  clientId: string;
  /** True when a client secret is stored. */
  clientSecretSet: boolean;
  scope: string;
  endpoints: ProviderEndpointsView;
  @ApiProperty({ type: String, nullable: true })
  issuer: string | null;
  @ApiProperty({ type: String, nullable: true })
  accessTokenIssuer: string | null;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  parameters: Record<string, string>;
  @ApiProperty({ enum: ['jwt', 'introspection', 'userinfo', 'jwt+introspection'] })
  validation: string;
  audience: string[];
  @ApiProperty({ enum: ['required', 'accept-any-client'] })
  audienceCheck: string;
  usernameAttribute: string;
  @ApiProperty({ enum: ['username', 'email'] })
  userLookup: string;
  @ApiProperty({ enum: ['none', 'lowercase', 'local-part'] })
  usernameTransform: string;
  @ApiProperty({ type: String, nullable: true })
  groupsAttribute: string | null;
  @ApiProperty({ type: [ServiceAccountView] })
  serviceAccounts: ServiceAccountView[];
  acceptPlainJwt: boolean;
  trustUnverifiedEmail: boolean;
  maxTokenAgeSeconds: number;
  @ApiProperty({ enum: ['basic', 'post'] })
  clientAuthentication: string;
  order: number;
  /** To register at the provider. */
  redirectUri: string;
  /** What an admin should look at. */
  warnings: string[];
  createdAt: string;
  updatedAt: string;
}

export class ProviderListView {
  @ApiProperty({ type: [ProviderView] })
  items: ProviderView[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}

/** One thing to fill in for a preset; its value goes into `parameters`. */
export class PresetFieldView {
  name: string;
  label: string;
  @ApiProperty({ enum: ['text', 'host', 'url', 'choice'] })
  kind: string;
  required: boolean;
  @ApiProperty({ type: String, nullable: true })
  default: string | null;
  @ApiProperty({ type: [String], nullable: true })
  choices: string[] | null;
  description: string;
}

/** A known provider. `{name}` in URLs stands for a field. */
export class PresetView {
  id: string;
  name: string;
  @ApiProperty({ type: [PresetFieldView] })
  fields: PresetFieldView[];
  endpoints: ProviderEndpointsView;
  @ApiProperty({ type: String, nullable: true })
  issuer: string | null;
  scope: string;
  usernameAttribute: string;
  validation: string;
  /** How it is proved that a token was issued to our client. */
  audienceCheck: string;
  /** False where the provider has no client credentials grant. */
  clientCredentials: boolean;
  notes: string[];
}

export class PresetListView {
  @ApiProperty({ type: [PresetView] })
  items: PresetView[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
