import type {
  Application,
  DirectorySettings,
  IdentitySettings,
  MintedPatSettings,
  Product,
} from './applications.port.js';
import { parseBaseUrl } from './base-url.policy.js';

export interface KeyPair {
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
}

/** The key pair that signs after the next activation. */
export interface NextKeyPair extends KeyPair {
  /** With one of its own the application can trust both keys at once, in two links. */
  readonly consumerKey?: string;
}

/** The identity mode as an admin chose it; the key pair of `oauth1` is kept beside it. */
export type IdentityChoice =
  | {
      readonly mode: 'oauth1';
      readonly consumerKey: string;
      readonly signingBaseUrl?: string;
      readonly mintedPat?: MintedPatSettings;
    }
  | Exclude<IdentitySettings, { mode: 'oauth1' }>;

/** Everything an admin set for one application, secrets in the clear. Never leaves the process. */
export interface ApplicationSettings {
  readonly key: string;
  readonly name: string;
  readonly product: Product;
  readonly baseUrl: string;
  readonly pathPrefix: string;
  /** Undefined: reached by path prefix on any host. */
  readonly hostname?: string;
  readonly enabled: boolean;
  readonly webTraffic: Application['webTraffic'];
  readonly sessionCookies: Application['sessionCookies'];
  readonly applicationLinks: Application['applicationLinks'];
  readonly anonymousAccess?: NonNullable<Application['anonymousAccess']>;
  readonly identityCheck: Application['identityCheck'];
  readonly timeouts: Application['timeouts'];
  readonly tls?: NonNullable<Application['tls']>;
  readonly identity: IdentityChoice;
  readonly directory: DirectorySettings;
  readonly openedEndpoints: readonly string[];
  /** Made when `oauth1` is first chosen and kept from then on, whatever the mode is. */
  readonly keyPair?: KeyPair;
  /** The next key pair while keys rotate: shown, but not yet used. */
  readonly nextKeyPair?: NextKeyPair;
}

export const DEFAULT_TIMEOUTS = { connectMs: 5_000, headersMs: 60_000, idleMs: 300_000 } as const;
export const DEFAULT_CONSUMER_KEY = 'restgate';

/** The application as the hot path sees it. Throws when `oauth1` has no key pair. */
export function toApplication(id: string, settings: ApplicationSettings): Application {
  const { hostname, anonymousAccess, tls } = settings;
  return {
    id,
    key: settings.key,
    name: settings.name,
    product: settings.product,
    enabled: settings.enabled,
    ...parseBaseUrl(settings.baseUrl),
    pathPrefix: settings.pathPrefix,
    webTraffic: settings.webTraffic,
    sessionCookies: settings.sessionCookies,
    applicationLinks: settings.applicationLinks,
    identityCheck: settings.identityCheck,
    timeouts: settings.timeouts,
    directory: settings.directory,
    openedEndpoints: settings.openedEndpoints,
    ...(hostname !== undefined && { hostname }),
    ...(anonymousAccess !== undefined && { anonymousAccess }),
    ...(tls !== undefined && { tls }),
    identity: toIdentity(settings),
  };
}

function toIdentity(settings: ApplicationSettings): IdentitySettings {
  const { identity, keyPair, nextKeyPair } = settings;
  if (identity.mode !== 'oauth1') return identity;
  if (!keyPair) throw new Error(`Application ${settings.key} has identity mode oauth1 but no key pair.`);
  const { privateKeyPem, publicKeyPem } = keyPair;
  const next = nextKeyPair && { consumerKey: identity.consumerKey, ...nextKeyPair };
  return { ...identity, privateKeyPem, publicKeyPem, ...(next && { next }) };
}

/** Paths of the secrets that differ: the audit log says that a secret was changed, never to what. */
export function changedSecrets(before: ApplicationSettings, after: ApplicationSettings): string[] {
  const [old, now] = [secretsOf(before), secretsOf(after)];
  return Object.keys(now).filter((path) => old[path] !== now[path]);
}

function secretsOf(settings: ApplicationSettings): Record<string, string | undefined> {
  const { identity, directory, tls, keyPair, nextKeyPair } = settings;
  return {
    'identity.privateKey': keyPair?.privateKeyPem,
    'identity.nextPrivateKey': nextKeyPair?.privateKeyPem,
    'identity.sharedSecret': identity.mode === 'header' ? identity.sharedSecret : undefined,
    'directory.password': directory.kind === 'claims' ? undefined : directory.password,
    'directory.personalAccessToken':
      directory.kind === 'application' ? directory.personalAccessToken : undefined,
    'tls.privateKey': tls?.privateKey,
  };
}
