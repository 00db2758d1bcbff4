import type {
  AdapterConstructor,
  ClientMetadata,
  Configuration,
  JWK,
  KoaContextWithOIDC,
} from 'oidc-provider';
import { profileClaims, type OidcUser } from './accounts.js';
import { toJwk, type SigningKey } from './jwt.js';

export const RESOURCE = 'https://restgate.test';
/** Loopback redirect URIs of native clients match on any port; nothing has to listen there. */
export const REDIRECT_URI = 'http://127.0.0.1/callback';
export const SCOPES = ['openid', 'offline_access', 'profile', 'email', 'groups', 'api', 'read', 'write'];

/** Ours, a foreign application, and one without a user. Secrets are `<client id>-secret-for-tests-only`. */
export function defaultClients(): ClientMetadata[] {
  const interactive = {
    application_type: 'native' as const,
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    response_types: ['code' as const],
    redirect_uris: [
      REDIRECT_URI,
      'http://127.0.0.1/restgate/oauth/callback',
      'http://localhost/restgate/oauth/callback',
      'https://restgate.test/restgate/oauth/callback',
    ],
    token_endpoint_auth_method: 'client_secret_basic' as const,
  };
  return [
    { client_id: 'restgate', client_secret: clientSecret('restgate'), ...interactive },
    { client_id: 'other-app', client_secret: clientSecret('other-app'), ...interactive },
    {
      client_id: 'ci-bot',
      client_secret: clientSecret('ci-bot'),
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
  ];
}

export function clientSecret(clientId: string): string {
  return `${clientId}-secret-for-tests-only`;
}

export interface ConfigurationInput {
  users: OidcUser[];
  clients: ClientMetadata[];
  /** Current key first; older ones stay published. */
  keys: SigningKey[];
  resource: string;
  /** Resource of tokens asked for without one; undefined gives opaque tokens. */
  defaultResource: string | undefined;
  accessTokenSeconds: () => number;
  store: AdapterConstructor;
}

/** Everything is granted to everybody: a person only has to say who they are. */
async function grantEverything(ctx: KoaContextWithOIDC, resource: string) {
  const { client, session, provider } = ctx.oidc;
  if (!client || !session?.accountId) return undefined;
  const known = session.grantIdFor(client.clientId);
  const found = known === undefined ? undefined : await provider.Grant.find(known);
  if (found !== undefined) return found;
  const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  grant.addOIDCScope(SCOPES.join(' '));
  grant.addResourceScope(resource, SCOPES.join(' '));
  await grant.save();
  return grant;
}

function features(input: ConfigurationInput): Configuration['features'] {
  const { resource } = input;
  return {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_ctx, _client, oneOf) => oneOf?.[0] ?? input.defaultResource ?? [],
      useGrantedResource: () => input.defaultResource !== undefined,
      getResourceServerInfo: (_ctx, indicator) => ({
        scope: SCOPES.join(' '),
        audience: indicator || resource,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: input.keys[0]?.alg === 'ES256' ? 'ES256' : 'RS256' } },
      }),
    },
  };
}

export function configuration(input: ConfigurationInput): Configuration {
  const alg = input.keys[0]?.alg ?? 'RS256';
  const find = (sub: string | undefined) => input.users.find((each) => each.sub === sub);
  return {
    adapter: input.store,
    clients: input.clients.map((each) => ({ id_token_signed_response_alg: alg as 'RS256', ...each })),
    jwks: { keys: input.keys.map((key) => toJwk(key, true)) as unknown as JWK[] },
    cookies: { keys: ['only-for-tests'] },
    scopes: SCOPES,
    claims: {
      openid: ['sub'],
      profile: ['preferred_username', 'name'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    conformIdTokenClaims: false,
    features: features(input),
    pkce: { required: () => true },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, sub) => {
      const user = find(sub);
      if (user === undefined) return undefined;
      return { accountId: sub, claims: () => ({ sub, ...profileClaims(user) }) };
    },
    extraTokenClaims: (_ctx, token) => {
      const user = 'accountId' in token ? find(token.accountId) : undefined;
      if (user !== undefined) return profileClaims(user);
      return { preferred_username: `service-account-${token.clientId ?? ''}` };
    },
    loadExistingGrant: (ctx) => grantEverything(ctx, input.resource),
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    ttl: {
      AccessToken: () => input.accessTokenSeconds(),
      ClientCredentials: () => input.accessTokenSeconds(),
      AuthorizationCode: 60,
      IdToken: 3600,
      RefreshToken: 86_400,
      Interaction: 600,
      Session: 86_400,
      Grant: 86_400,
    },
    renderError: (ctx, out) => {
      ctx.type = 'json';
      ctx.body = out;
    },
  };
}
