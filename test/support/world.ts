import { AtlassianStandIn } from './atlassian/server.js';
import type { StandInProduct } from './atlassian/types.js';
import { clientSecret } from './oidc/configuration.js';
import { startOidcProvider } from './oidc/provider.js';
import type { OidcTestProvider } from './oidc/provider.js';
import { startTestRestgate } from './restgate.js';
import type { TestRestgate, TestRestgateOptions } from './restgate.js';

const CONSUMER_KEY = 'restgate';

export interface WorldOptions extends TestRestgateOptions {
  readonly identity?: 'oauth1' | 'header' | 'none';
  readonly products?: readonly StandInProduct[];
  readonly validation?: 'jwt' | 'introspection' | 'userinfo';
  /** Without a provider the world starts faster. */
  readonly withoutProvider?: boolean;
}

/** A gateway between the stand-ins and a real OpenID provider, configured through the admin API. */
export interface World {
  readonly gateway: TestRestgate;
  readonly jira: AtlassianStandIn;
  readonly confluence: AtlassianStandIn | undefined;
  readonly bitbucket: AtlassianStandIn | undefined;
  readonly provider: OidcTestProvider;
  /** A JWT access token of the user, fetched once per user. */
  tokenOf(user: string): Promise<string>;
  /** A request through the gateway with a provider token of the user, or with none. */
  fetch(path: string, user?: string, init?: RequestInit): Promise<Response>;
  stop(): Promise<void>;
}

const HEADER_IDENTITY = {
  mode: 'header',
  header: 'X-Restgate-User',
  sharedSecretHeader: 'X-Restgate-Secret',
  sharedSecret: 'shared-secret-for-tests-only',
};

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const identity = options.identity ?? 'header';
  const [gateway, provider] = await Promise.all([startTestRestgate(options), startOidcProvider()]);
  const products = options.products ?? ['jira'];
  const standIns = new Map<StandInProduct, AtlassianStandIn>();
  for (const product of products) standIns.set(product, await connectProduct(gateway, product, identity));
  if (!options.withoutProvider) await connectProvider(gateway, provider, options.validation ?? 'jwt');
  const tokens = new Map<string, Promise<string>>();
  const tokenOf = (user: string): Promise<string> => {
    let token = tokens.get(user);
    if (!token) {
      token = provider.fetchJwt(user);
      tokens.set(user, token);
    }
    return token;
  };
  const throughGateway = async (path: string, user?: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (user !== undefined) headers.set('Authorization', `Bearer ${await tokenOf(user)}`);
    return fetch(gateway.url + path, { redirect: 'manual', ...init, headers });
  };
  const stop = async (): Promise<void> => {
    await gateway.stop();
    await Promise.all([...standIns.values()].map((standIn) => standIn.close()));
    await provider.close();
  };
  return {
    gateway,
    jira: standIns.get('jira') as AtlassianStandIn,
    confluence: standIns.get('confluence'),
    bitbucket: standIns.get('bitbucket'),
    provider,
    tokenOf,
    fetch: throughGateway,
    stop,
  };
}

/** Starts a stand-in and registers it, as an admin would do with the real product. */
export async function connectProduct(
  gateway: Pick<TestRestgate, 'admin'>,
  product: StandInProduct,
  identity: 'oauth1' | 'header' | 'none',
): Promise<AtlassianStandIn> {
  const standIn = new AtlassianStandIn({
    product,
    contextPath: `/${product}`,
    trustedHeader:
      identity === 'header'
        ? {
            name: HEADER_IDENTITY.header,
            sharedSecretHeader: HEADER_IDENTITY.sharedSecretHeader,
            sharedSecret: HEADER_IDENTITY.sharedSecret,
          }
        : undefined,
  });
  await standIn.start();
  const view = await gateway.admin.call<{ identity: { publicKey?: string } }>('POST', '/applications', {
    key: product,
    name: product,
    product,
    baseUrl: standIn.url,
    identity:
      identity === 'oauth1'
        ? { mode: 'oauth1', consumerKey: CONSUMER_KEY }
        : identity === 'header'
          ? HEADER_IDENTITY
          : { mode: 'none' },
    directory: { kind: 'application', username: 'svc-restgate', password: 'svc-restgate-password' },
  });
  if (identity === 'oauth1') {
    standIn.setConsumer({
      key: CONSUMER_KEY,
      publicKeyPem: view.identity.publicKey as string,
      twoLOAllowed: true,
      impersonationAllowed: true,
    });
  }
  return standIn;
}

export async function connectProvider(
  gateway: Pick<TestRestgate, 'admin'>,
  provider: OidcTestProvider,
  validation: 'jwt' | 'introspection' | 'userinfo',
): Promise<{ id: string }> {
  const created = await gateway.admin.call<{ id: string }>('POST', '/providers', {
    name: 'Test provider',
    preset: 'custom-oidc',
    issuer: provider.issuer,
    clientId: 'restgate',
    clientSecret: clientSecret('restgate'),
    scope: 'openid profile email groups',
    validation,
    audience: [provider.resource],
    usernameAttribute: 'preferred_username',
    groupsAttribute: 'groups',
    ...(validation === 'userinfo' ? { audienceCheck: 'accept-any-client' } : {}),
  });
  await gateway.admin.call('POST', `/providers/${created.id}/discover`);
  return created;
}
