import type { ApplicationSettings } from './application-settings.policy.js';
import type {
  ApplicationView,
  DirectoryView,
  IdentityView,
  SetupStep,
  TlsView,
} from './dto/application-view.dto.js';

interface Shown {
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly settings: ApplicationSettings;
}

/** The application as the API and the audit log show it. Holds no secret. */
export function viewOf({ settings, createdAt, updatedAt }: Shown): ApplicationView {
  const { hostname, anonymousAccess, tls } = settings;
  return {
    key: settings.key,
    name: settings.name,
    product: settings.product,
    baseUrl: settings.baseUrl,
    pathPrefix: settings.pathPrefix,
    ...(hostname !== undefined && { hostname }),
    enabled: settings.enabled,
    webTraffic: settings.webTraffic,
    sessionCookies: settings.sessionCookies,
    applicationLinks: settings.applicationLinks,
    ...(anonymousAccess !== undefined && { anonymousAccess }),
    identity: identityView(settings),
    directory: directoryView(settings),
    identityCheck: settings.identityCheck,
    timeouts: { ...settings.timeouts },
    ...(tls !== undefined && { tls: tlsView(tls) }),
    openedEndpoints: [...settings.openedEndpoints],
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

function identityView(settings: ApplicationSettings): IdentityView {
  const { identity, keyPair, nextKeyPair } = settings;
  switch (identity.mode) {
    case 'oauth1':
      return {
        ...identity,
        publicKey: keyPair?.publicKeyPem ?? '',
        ...(nextKeyPair && { nextPublicKey: nextKeyPair.publicKeyPem }),
        ...(nextKeyPair?.consumerKey !== undefined && { nextConsumerKey: nextKeyPair.consumerKey }),
        setup: linkSteps(settings, identity.consumerKey, keyPair?.publicKeyPem ?? ''),
      };
    case 'header': {
      const { sharedSecret, ...rest } = identity;
      return {
        ...rest,
        sharedSecretSet: sharedSecret !== undefined,
        setup: headerSteps(identity.header, identity.sharedSecretHeader),
      };
    }
    case 'pat':
      return { ...identity, setup: patSteps(settings.key) };
    case 'none':
      return { mode: 'none', setup: [] };
  }
}

/** The fields of Administration > Applications > Application links > (link) > Incoming authentication. */
function linkSteps({ product }: ApplicationSettings, consumerKey: string, publicKey: string): SetupStep[] {
  const screen = product === 'confluence' ? 'General configuration > Application links' : 'Application links';
  return [
    {
      field: 'Screen',
      value: `${screen}: create a link to Restgate's public URL (type Generic Application), then edit its incoming authentication`,
    },
    { field: 'Consumer Key', value: consumerKey },
    { field: 'Consumer Name', value: 'Restgate' },
    { field: 'Public Key', value: publicKey },
    { field: 'Allow 2-Legged OAuth', value: 'on' },
    { field: 'Execute as', value: 'leave empty: Restgate names the user of every call' },
    { field: 'Allow user impersonation through 2-Legged OAuth', value: 'on' },
  ];
}

function headerSteps(header: string, sharedSecretHeader: string | undefined): SetupStep[] {
  const secret =
    sharedSecretHeader === undefined ? '' : ` and only with the shared secret in ${sharedSecretHeader}`;
  return [
    { field: 'Trusted header', value: header },
    {
      field: 'Trusted addresses',
      value: `accept the header from Restgate's addresses only${secret}; nobody else may reach the application directly`,
    },
  ];
}

function patSteps(key: string): SetupStep[] {
  return [
    {
      field: 'Personal access tokens',
      value: `each user creates one in the application and stores it with PUT /restgate/api/v1/me/credentials/${key}`,
    },
  ];
}

function directoryView({ directory }: ApplicationSettings): DirectoryView {
  if (directory.kind === 'claims') return { kind: 'claims' };
  if (directory.kind === 'crowd') {
    return { kind: 'crowd', baseUrl: directory.baseUrl, username: directory.username, passwordSet: true };
  }
  const { application, username, password, personalAccessToken } = directory;
  return {
    kind: 'application',
    ...(application !== undefined && { application }),
    ...(username !== undefined && { username }),
    passwordSet: password !== undefined,
    personalAccessTokenSet: personalAccessToken !== undefined,
  };
}

function tlsView(tls: NonNullable<ApplicationSettings['tls']>): TlsView {
  const { ca, certificate, privateKey } = tls;
  return {
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { certificate }),
    privateKeySet: privateKey !== undefined,
  };
}
