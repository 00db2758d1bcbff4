import { ApiProperty } from '@nestjs/swagger';

/** One value to type into the application, with the name of its field there. */
export class SetupStep {
  /** Where, as the application's screen calls it. */
  field: string;
  /** What to enter. */
  value: string;
}

/** The fast path of `oauth1`. */
export class MintedPatView {
  /** Reads go with short-lived personal access tokens that Restgate makes as the user. */
  enabled: boolean;
  lifetimeDays: number;
}

/** How Restgate acts as the user; secrets are told only as present. */
export class IdentityView {
  mode: 'oauth1' | 'pat' | 'header' | 'none';
  /** `oauth1`: the consumer key of the application link. */
  consumerKey?: string;
  /** `oauth1`: the address as the application's server sees itself, when it differs from `baseUrl`. */
  signingBaseUrl?: string;
  /** `oauth1`: the public key of the application link, PEM. */
  publicKey?: string;
  /** `oauth1`, while keys rotate: the key that signs after the activation. */
  nextPublicKey?: string;
  /** `oauth1`, while keys rotate: the consumer key that the next key goes with, when it has one of its own. */
  nextConsumerKey?: string;
  /** `oauth1`: the fast path, where it was set. */
  mintedPat?: MintedPatView;
  /** `pat`: whether stored tokens are renewed before they end; absent: automatic. */
  @ApiProperty({ enum: ['automatic', 'off'], required: false })
  renewal?: 'automatic' | 'off';
  /** `header`: the field that names the user. */
  header?: string;
  /** `header`: the field that carries the shared secret. */
  sharedSecretHeader?: string;
  /** `header`: whether a shared secret is stored. */
  sharedSecretSet?: boolean;
  /** What to enter in the application so that it trusts Restgate. */
  setup: SetupStep[];
}

/** Where users and groups are looked up; secrets are told only as present. */
export class DirectoryView {
  kind: 'application' | 'crowd' | 'claims';
  /** Key of the application whose directory is used. */
  application?: string;
  baseUrl?: string;
  username?: string;
  passwordSet?: boolean;
  personalAccessTokenSet?: boolean;
}

export class TlsView {
  /** Trusted certificates, PEM. */
  ca?: string;
  /** Client certificate, PEM. */
  certificate?: string;
  privateKeySet: boolean;
}

export class TimeoutsView {
  connectMs: number;
  headersMs: number;
  idleMs: number;
}

/** An application as the API shows it. */
export class ApplicationView {
  key: string;
  name: string;
  @ApiProperty({ enum: ['jira', 'confluence', 'bitbucket'] })
  product: 'jira' | 'confluence' | 'bitbucket';
  baseUrl: string;
  /** Empty: reached by host name only. */
  pathPrefix: string;
  hostname?: string;
  enabled: boolean;
  webTraffic: 'forward' | 'block';
  sessionCookies: 'forward' | 'reject';
  applicationLinks: 'forward' | 'reject';
  /** Absent: as the global setting says. */
  anonymousAccess?: 'public-apis' | 'application' | 'deny';
  identity: IdentityView;
  directory: DirectoryView;
  identityCheck: 'strict' | 'when-present' | 'off';
  timeouts: TimeoutsView;
  tls?: TlsView;
  openedEndpoints: string[];
  createdAt: string;
  updatedAt: string;
}

export class ApplicationPage {
  items: ApplicationView[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
