import { SnapshotSlot } from '../../platform/change-feed/snapshot.js';

export const VALIDATIONS = ['jwt', 'introspection', 'userinfo', 'jwt+introspection'] as const;
export const AUDIENCE_CHECKS = ['required', 'accept-any-client'] as const;
export const USER_LOOKUPS = ['username', 'email'] as const;
export const USERNAME_TRANSFORMS = ['none', 'lowercase', 'local-part'] as const;
export const CLIENT_AUTHENTICATIONS = ['basic', 'post'] as const;
export const ENDPOINT_NAMES = [
  'authorization',
  'token',
  'userinfo',
  'introspection',
  'jwks',
  'revocation',
] as const;

export type Validation = (typeof VALIDATIONS)[number];
export type AudienceCheck = (typeof AUDIENCE_CHECKS)[number];
export type UserLookup = (typeof USER_LOOKUPS)[number];
export type UsernameTransform = (typeof USERNAME_TRANSFORMS)[number];
export type ClientAuthentication = (typeof CLIENT_AUTHENTICATIONS)[number];
export type EndpointName = (typeof ENDPOINT_NAMES)[number];
export type ProviderEndpoints = { readonly [name in EndpointName]?: string };

export interface ServiceAccount {
  readonly clientId: string;
  readonly username: string;
}

/** What an admin sets, apart from name, client and secret. Stored as one JSON document. */
export interface ProviderSettings {
  readonly scope: string;
  readonly endpoints: ProviderEndpoints;
  readonly issuer?: string;
  /** Where access tokens name another issuer than the metadata does (AD FS, Entra v1 tokens). */
  readonly accessTokenIssuer?: string;
  /** Values of the preset's fields: tenant, region, realm... */
  readonly parameters: Readonly<Record<string, string>>;
  readonly validation: Validation;
  readonly audience: readonly string[];
  readonly audienceCheck: AudienceCheck;
  readonly usernameAttribute: string;
  readonly userLookup: UserLookup;
  readonly usernameTransform: UsernameTransform;
  readonly groupsAttribute?: string;
  readonly serviceAccounts: readonly ServiceAccount[];
  /** Accept access tokens whose `typ` header is `JWT` or absent (RFC 9068 says at+jwt). */
  readonly acceptPlainJwt: boolean;
  /** Accept an e-mail address that the provider says is not verified. */
  readonly trustUnverifiedEmail: boolean;
  readonly maxTokenAgeSeconds: number;
  readonly clientAuthentication: ClientAuthentication;
  /** The metadata promises `iss` in authorization answers (RFC 9207). */
  readonly sendsIssuer?: boolean;
}

/** One configured provider, ready for use. The secret is decrypted and only here. Immutable. */
export interface Provider extends ProviderSettings {
  readonly id: string;
  readonly name: string;
  readonly preset: string;
  readonly enabled: boolean;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly order: number;
  /** Exact issuers of its access tokens; may hold the one template `{tenantid}`. */
  readonly issuers: readonly string[];
  readonly audiences: ReadonlySet<string>;
  /** Client id → local user name. */
  readonly machines: ReadonlyMap<string, string>;
}

export interface ProvidersSnapshot {
  readonly byId: ReadonlyMap<string, Provider>;
  /** Enabled ones in their order. */
  readonly enabled: readonly Provider[];
}

export const PROVIDERS = new SnapshotSlot<ProvidersSnapshot>('providers', { byId: new Map(), enabled: [] });
