import { claimsOf } from './claims.policy.js';
import type { ProviderEndpoints } from './provider-settings.port.js';

const WELL_KNOWN_OIDC = '/.well-known/openid-configuration';
const WELL_KNOWN_OAUTH = '/.well-known/oauth-authorization-server';

/** What discovery found. */
export interface ProviderMetadata {
  readonly issuer: string;
  readonly endpoints: ProviderEndpoints;
  readonly accessTokenIssuer?: string;
  readonly clientAuthentication?: 'basic' | 'post';
  /** RFC 9207: the callback must carry `iss`. */
  readonly sendsIssuer: boolean;
}

/**
 * Where an issuer's metadata may be: OpenID Connect Discovery appends to the issuer; RFC 8414 section 3.1 puts the
 * well-known part before the issuer's path.
 */
export function metadataUrlsOf(issuer: string): string[] {
  const url = new URL(issuer);
  const path = url.pathname.replace(/\/+$/, '');
  return [`${issuer.replace(/\/+$/, '')}${WELL_KNOWN_OIDC}`, `${url.origin}${WELL_KNOWN_OAUTH}${path}`];
}

/**
 * Reads a metadata document. Throws nothing: answers a fault in words. The document's issuer must be identical to
 * the configured one (RFC 8414 section 3.3), except that Entra's documents may hold `{tenantid}`.
 */
export function metadataOf(document: unknown, issuer: string): ProviderMetadata | { readonly fault: string } {
  const metadata = claimsOf(document);
  if (!metadata || typeof metadata['issuer'] !== 'string')
    return { fault: 'The metadata document names no issuer.' };
  const named = metadata['issuer'];
  if (named !== issuer && !isEntraTemplate(named, issuer)) {
    return {
      fault: `The metadata document names the issuer "${named.slice(0, 300)}", which is not exactly the configured one.`,
    };
  }
  const text = (name: string): string | undefined => {
    const value = metadata[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const methods = metadata['token_endpoint_auth_methods_supported'];
  const accessTokenIssuer = text('access_token_issuer');
  return {
    issuer: named,
    sendsIssuer: metadata['authorization_response_iss_parameter_supported'] === true,
    endpoints: present({
      authorization: text('authorization_endpoint'),
      token: text('token_endpoint'),
      userinfo: text('userinfo_endpoint'),
      introspection: text('introspection_endpoint'),
      jwks: text('jwks_uri'),
      revocation: text('revocation_endpoint'),
    }),
    ...(accessTokenIssuer === undefined || accessTokenIssuer === named ? {} : { accessTokenIssuer }),
    ...(Array.isArray(methods) ? { clientAuthentication: authenticationOf(methods) } : {}),
  };
}

function isEntraTemplate(named: string, issuer: string): boolean {
  if (!named.includes('{tenantid}')) return false;
  return ['organizations', 'common', '{tenantid}'].some(
    (tenant) => named.replace('{tenantid}', tenant) === issuer,
  );
}

function authenticationOf(methods: readonly unknown[]): 'basic' | 'post' {
  return methods.includes('client_secret_basic') || !methods.includes('client_secret_post')
    ? 'basic'
    : 'post';
}

function present(endpoints: { [name in keyof ProviderEndpoints]?: string | undefined }): ProviderEndpoints {
  return Object.fromEntries(Object.entries(endpoints).filter(([, value]) => value !== undefined));
}
