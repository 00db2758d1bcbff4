import { SnapshotSlot } from '../../platform/change-feed/snapshot.js';

export type Product = 'jira' | 'confluence' | 'bitbucket';

/** The fast path of `oauth1`. */
export interface MintedPatSettings {
  readonly enabled: boolean;
  /** For how long a token is made, 1 to 7 days; a new one is made before it ends. */
  readonly lifetimeDays: number;
}

/** How Restgate acts as the user towards the application. Secrets are decrypted and only here. */
export type IdentitySettings =
  | {
      readonly mode: 'oauth1';
      readonly consumerKey: string;
      /** Scheme, host, port and context path as the application's server sees itself; default: `baseUrl`. */
      readonly signingBaseUrl?: string;
      readonly privateKeyPem: string;
      readonly publicKeyPem: string;
      /** While keys rotate: what signs after the activation. Until then only the check tries it. */
      readonly next?: {
        readonly consumerKey: string;
        readonly privateKeyPem: string;
        readonly publicKeyPem: string;
      };
      /** Reads go with short-lived tokens that Restgate makes as the user. */
      readonly mintedPat?: MintedPatSettings;
    }
  | {
      readonly mode: 'pat';
      /** Whether Restgate makes a new token of the same lifetime before a stored one ends; default: automatic. */
      readonly renewal?: 'automatic' | 'off';
    }
  | {
      readonly mode: 'header';
      readonly header: string;
      readonly sharedSecretHeader?: string;
      readonly sharedSecret?: string;
    }
  | { readonly mode: 'none' };

/** Where users and groups are looked up. */
export type DirectorySettings =
  | {
      readonly kind: 'application';
      /** Key of another application whose directory is used; absent: this application's own. */
      readonly application?: string;
      readonly username?: string;
      readonly password?: string;
      readonly personalAccessToken?: string;
    }
  | { readonly kind: 'crowd'; readonly baseUrl: string; readonly username: string; readonly password: string }
  | { readonly kind: 'claims' };

/** One fronted Atlassian instance, as the hot path sees it. */
export interface Application {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly product: Product;
  readonly enabled: boolean;
  /** Without trailing slash, for example `https://jira.example.com/jira`. */
  readonly baseUrl: string;
  /** Scheme, host and port of `baseUrl`. */
  readonly origin: string;
  /** `host[:port]` of `baseUrl`: the Host field sent upstream. */
  readonly host: string;
  /** Context path of `baseUrl`, without trailing slash; empty when there is none. */
  readonly contextPath: string;
  /** Where it is reached on the gateway: `/jira`, or empty when by host name only. */
  readonly pathPrefix: string;
  /** Lower case host name without port, when reached by host name. */
  readonly hostname?: string;
  readonly webTraffic: 'forward' | 'block';
  readonly sessionCookies: 'forward' | 'reject';
  readonly applicationLinks: 'forward' | 'reject';
  /** Overrides the global setting. */
  readonly anonymousAccess?: 'public-apis' | 'application' | 'deny';
  readonly identityCheck: 'strict' | 'when-present' | 'off';
  readonly timeouts: { readonly connectMs: number; readonly headersMs: number; readonly idleMs: number };
  readonly tls?: { readonly ca?: string; readonly certificate?: string; readonly privateKey?: string };
  readonly identity: IdentitySettings;
  readonly directory: DirectorySettings;
  /** Protected endpoints that the admin opened (Ant-style patterns). */
  readonly openedEndpoints: readonly string[];
}

/** All applications, ready for routing. */
export interface ApplicationsSnapshot {
  readonly byKey: ReadonlyMap<string, Application>;
  /** Enabled ones by lower case host name. */
  readonly byHostname: ReadonlyMap<string, readonly Application[]>;
  /** Enabled ones without host name, longest path prefix first. */
  readonly byPrefix: readonly Application[];
}

export const APPLICATIONS = new SnapshotSlot<ApplicationsSnapshot>('applications', {
  byKey: new Map(),
  byHostname: new Map(),
  byPrefix: [],
});
