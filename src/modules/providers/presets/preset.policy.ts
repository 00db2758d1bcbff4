import type { Claims } from '../claims.policy.js';
import type { ProviderAnswer, ProviderRequest } from '../provider-http.service.js';
import type {
  ClientAuthentication,
  Provider,
  ProviderEndpoints,
  UserLookup,
  Validation,
} from '../provider-settings.port.js';
import type { TokenRefusal } from '../providers.port.js';
import type { TokenAnswer } from '../token-answers.policy.js';

/** One thing that an admin fills in for a preset, besides client id and secret. */
export interface PresetField {
  readonly name: string;
  readonly label: string;
  /** `text` is put into URLs encoded; `host` is a host name with optional port; `url` a whole base URL. */
  readonly kind: 'text' | 'host' | 'url' | 'choice';
  readonly required: boolean;
  readonly default?: string;
  readonly choices?: readonly string[];
  /** What a value must look like, besides its kind. */
  readonly pattern?: RegExp;
  readonly description: string;
}

/**
 * A provider's own way to say for whom a token was made. Pure: one function makes the request, the other reads
 * the answer into claims (`client_id`, `exp`...), a refusal, or no usable answer.
 */
export interface AudienceProbe {
  readonly name: string;
  request(provider: Provider, token: string): ProviderRequest;
  read(answer: ProviderAnswer, provider: Provider): TokenAnswer;
}

/** The built-in description of a known provider. `{name}` in URLs stands for a field. */
export interface Preset {
  readonly id: string;
  readonly name: string;
  readonly fields: readonly PresetField[];
  readonly endpoints: ProviderEndpoints;
  readonly issuer?: string;
  readonly accessTokenIssuer?: string;
  /** Where its metadata is, when not below the issuer. */
  readonly metadataUrl?: string;
  /** The issuer, where it depends on the values in another way than a template can say. */
  issuerOf?(parameters: Readonly<Record<string, string>>): string | undefined;
  /** Further exact issuers of its access tokens. */
  readonly otherIssuers?: readonly string[];
  readonly scope: string;
  readonly usernameAttribute: string;
  readonly userLookup?: UserLookup;
  readonly validation: Validation;
  readonly acceptPlainJwt: boolean;
  readonly clientAuthentication: ClientAuthentication;
  /** Accepted audiences when the admin names none; those whose fields are empty are left out. */
  readonly audience?: readonly string[];
  /** Added to the authorization request and to token requests; values may hold fields. */
  readonly authorizationParameters?: Readonly<Record<string, string>>;
  readonly tokenParameters?: Readonly<Record<string, string>>;
  /** Scope of client credentials, where it is another one than people's. */
  readonly clientCredentialsScope?: string;
  /** False where the provider has no client credentials grant. */
  readonly clientCredentials: boolean;
  readonly probe?: AudienceProbe;
  /** The request for user info where it is not a plain GET with the bearer token. */
  userinfoRequest?(provider: Provider, token: string): ProviderRequest;
  /** What the preset refuses beyond the common rules, before signatures are looked at. */
  refusalOfClaims?(claims: Claims, provider: Provider): TokenRefusal | undefined;
  /** What the preset refuses about a person, when everything else is proved. */
  refusalOfUser?(claims: Claims, provider: Provider): TokenRefusal | undefined;
  /** Named where the provider says "not active" for a reason that the admin can mend. */
  readonly inactiveHint?: string;
  readonly notes: readonly string[];
}
