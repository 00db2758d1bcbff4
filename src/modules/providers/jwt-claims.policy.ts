import { textAt, textsAt, valueAt } from './claims.policy.js';
import type { Claims } from './claims.policy.js';
import type { Jwt } from './jwt-token.policy.js';
import type { Provider } from './provider-settings.port.js';
import type { TokenRefusal } from './providers.port.js';
import { refuse, shown } from './token-refusal.policy.js';

/** Fixed and asymmetric: never taken from the token or from discovery (RFC 8725 section 3.1). */
export const ALGORITHMS: ReadonlySet<string> = new Set([
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]);
export const LEEWAY_SECONDS = 60;
const LATEST_SECONDS = 253_402_300_799;
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Refuses a JWT header before any key is looked for. jku, x5u, jwk and x5c are never read (RFC 8725 section 3.10). */
export function refusalOfHeader(header: Claims, provider: Provider): TokenRefusal | undefined {
  const algorithm = header['alg'];
  if (typeof algorithm !== 'string' || !ALGORITHMS.has(algorithm)) {
    return refuse('oauth_token_rejected', 'The signature algorithm is not an accepted asymmetric one.');
  }
  if ('crit' in header || 'b64' in header) {
    return refuse('oauth_token_rejected', 'The token demands a header extension that is not understood.');
  }
  if (header['cty'] !== undefined) return refuse('token_type_rejected', 'The token wraps another token.');
  return refusalOfTypHeader(header['typ'], provider);
}

function refusalOfTypHeader(typ: unknown, provider: Provider): TokenRefusal | undefined {
  const name = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ;
  if (name === 'at+jwt') return undefined;
  if (name !== 'jwt' && name !== undefined) {
    // A list or object cannot be made a text: it has no prototype, on purpose.
    const says = typeof typ === 'string' ? shown(typ) : 'something that is no text';
    return refuse('token_type_rejected', `The token says it is ${says}, not an access token.`);
  }
  if (provider.acceptPlainJwt) return undefined;
  return refuse('token_type_rejected', 'The token is not marked as an access token (typ at+jwt, RFC 9068).');
}

/** True when `issuer` is one of the provider's, exactly; a template stands for the token's own tenant GUID. */
export function isIssuerOf(provider: Provider, issuer: string, claims: Claims): boolean {
  return provider.issuers.some(
    (expected) => expected === issuer || matchesTemplate(expected, issuer, claims),
  );
}

function matchesTemplate(template: string, issuer: string, claims: Claims): boolean {
  const tenant = claims['tid'];
  if (!template.includes('{tenantid}') || typeof tenant !== 'string' || !GUID.test(tenant)) return false;
  return template.replace('{tenantid}', tenant) === issuer;
}

/** Issuer and times of verified claims (JWT or introspection). `needsExpiry`: a JWT without `exp` is refused. */
export function refusalOfTimes(
  claims: Claims,
  provider: Provider,
  nowSeconds: number,
  needsExpiry: boolean,
): TokenRefusal | undefined {
  const expiry = claims['exp'];
  if (expiry === undefined && !needsExpiry) return undefined;
  if (!isTime(expiry)) return refuse('oauth_token_rejected', 'The token has no sane expiry time (exp).');
  if (expiry + (needsExpiry ? LEEWAY_SECONDS : 0) <= nowSeconds)
    return refuse('token_expired', 'The token has expired.');
  const notBefore = claims['nbf'];
  if (notBefore !== undefined && (!isTime(notBefore) || notBefore - LEEWAY_SECONDS > nowSeconds)) {
    return refuse('oauth_token_rejected', 'The token is not valid yet (nbf).');
  }
  const issuedAt = claims['iat'];
  if (issuedAt === undefined) {
    return needsExpiry && expiry - nowSeconds > provider.maxTokenAgeSeconds
      ? refuse(
          'oauth_token_rejected',
          'The token has no issue time and is valid for longer than the provider allows.',
        )
      : undefined;
  }
  if (!isTime(issuedAt) || issuedAt - LEEWAY_SECONDS > nowSeconds) {
    return refuse('oauth_token_rejected', 'The token was issued in the future (iat).');
  }
  if (needsExpiry && nowSeconds - issuedAt > provider.maxTokenAgeSeconds + LEEWAY_SECONDS) {
    return refuse(
      'oauth_token_rejected',
      'The token is older than the provider setting "maximum token age" allows.',
    );
  }
  return undefined;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 && value <= LATEST_SECONDS;
}

/** A token bound to a key or certificate is refused as a plain bearer token (RFC 9449 section 7.2, RFC 8705 section 3). */
export function refusalOfBinding(claims: Claims): TokenRefusal | undefined {
  const tokenType = claims['token_type'];
  const bound = claims['cnf'] !== undefined && claims['cnf'] !== null;
  if (!bound && !(typeof tokenType === 'string' && tokenType.toLowerCase() === 'dpop')) return undefined;
  return refuse('token_binding_required', 'The token is bound to a key or certificate (DPoP or mutual TLS).');
}

const ID_TOKEN_CLAIMS = ['nonce', 'at_hash', 'c_hash', 's_hash'];
const LOGOUT_EVENTS = ['events', 'toe'];
const ACCESS_MARKS = ['scope', 'scp', 'client_id', 'cid', 'appid', 'gty', 'permissions', 'roles', 'idtyp'];

/** Refuses ID, refresh, logout and event tokens by what their claims say (RFC 8725 section 3.11). */
export function refusalOfKind(jwt: Jwt, provider: Provider): TokenRefusal | undefined {
  const { claims } = jwt;
  const says = kindByClaims(claims);
  if (says !== undefined && says !== 'access') {
    return refuse('token_type_rejected', `The token says it is ${shown(says)}, not an access token.`);
  }
  if (ID_TOKEN_CLAIMS.some((name) => name in claims)) {
    return refuse(
      'token_type_rejected',
      'The token is an ID token (it has nonce or at_hash), not an access token.',
    );
  }
  if (LOGOUT_EVENTS.some((name) => name in claims)) {
    return refuse('token_type_rejected', 'The token is a security event or logout token.');
  }
  if (says === undefined && looksLikeIdToken(jwt, provider)) {
    return refuse(
      'token_type_rejected',
      'The token is addressed to the client itself and has no sign of an access token: it looks like an ID token.',
    );
  }
  return undefined;
}

function kindByClaims(claims: Claims): string | undefined {
  for (const name of ['token_use', 'typ', 'type', 'token_type']) {
    const value = claims[name];
    if (typeof value !== 'string') continue;
    const word = value.toLowerCase().replace(/^application\//, '');
    if (['access', 'bearer', 'access_token', 'at+jwt', 'dpop'].includes(word)) return 'access';
    if (name !== 'type' || ['id', 'refresh', 'id_token', 'refresh_token', 'offline', 'logout'].includes(word))
      return word;
  }
  return undefined;
}

/** An ID token is addressed to the client alone; without nonce nothing else tells it from an access token. */
function looksLikeIdToken(jwt: Jwt, provider: Provider): boolean {
  const typ = jwt.header['typ'];
  if (typeof typ === 'string' && typ.toLowerCase().endsWith('at+jwt')) return false;
  if (provider.audience.includes(provider.clientId)) return false;
  const audience = textsAt(jwt.claims, 'aud');
  const onlyUs = audience?.length === 1 && audience[0] === provider.clientId;
  return onlyUs && !ACCESS_MARKS.some((name) => valueAt(jwt.claims, name) !== undefined);
}

const CLIENT_CLAIMS = ['azp', 'client_id', 'cid', 'appid'];

/** The client that the token was issued to, as far as the claims tell. */
export function clientOf(claims: Claims): string | undefined {
  for (const name of CLIENT_CLAIMS) {
    const value = textAt(claims, name);
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}

/** True when the token proves to be for us: an accepted audience, or an accepted client that it was issued to. */
export function isForUs(claims: Claims, provider: Provider): boolean {
  const accepted = provider.audiences;
  const audience = textsAt(claims, 'aud');
  if (audience?.some((name) => accepted.has(name))) return true;
  const client = clientOf(claims);
  return client !== undefined && accepted.has(client);
}

/** Who the token is for, in words for the admin. */
export function addresseeOf(claims: Claims): string {
  const audience = textsAt(claims, 'aud')?.slice(0, 5).join(', ');
  return `audience ${shown(audience)}, client ${shown(clientOf(claims))}`;
}
