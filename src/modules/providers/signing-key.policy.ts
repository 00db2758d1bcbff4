import { claimsOf } from './claims.policy.js';
import type { Claims } from './claims.policy.js';

/** A public signing key of a provider, as its key set gave it. */
export interface SigningKey {
  readonly jwk: Claims;
  readonly kid: string | undefined;
  readonly algorithms: readonly string[];
  /** Keys of multi-tenant Entra name the issuer they sign for. */
  readonly issuer: string | undefined;
}

const MOST_KEYS = 100;
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const BY_CURVE: Readonly<Record<string, readonly string[]>> = {
  'P-256': ['ES256'],
  'P-384': ['ES384'],
  'P-521': ['ES512'],
  Ed25519: ['EdDSA', 'Ed25519'],
};
const BY_TYPE: Readonly<Record<string, readonly string[]>> = {
  RSA: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
};

/**
 * The signing keys of a key set; undefined when it is none. Each key is pinned to its own algorithm: `alg` when
 * it names one, else what its type implies (PKCS#1 v1.5 for RSA). Symmetric, encryption and private keys are left
 * out (RFC 8725 section 3.1).
 */
export function signingKeysOf(keySet: unknown): SigningKey[] | undefined {
  const keys = (keySet as { keys?: unknown } | null | undefined)?.keys;
  if (!Array.isArray(keys)) return undefined;
  return keys.slice(0, MOST_KEYS).flatMap((key: unknown) => {
    const signing = signingKeyOf(claimsOf(key));
    return signing ? [signing] : [];
  });
}

function signingKeyOf(jwk: Claims | undefined): SigningKey | undefined {
  if (!jwk || PRIVATE_MEMBERS.some((member) => member in jwk)) return undefined;
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') return undefined;
  const operations = jwk['key_ops'];
  if (Array.isArray(operations) && !operations.includes('verify')) return undefined;
  const algorithms = algorithmsOf(jwk);
  if (algorithms.length === 0) return undefined;
  return { jwk, kid: text(jwk['kid']), algorithms, issuer: text(jwk['issuer']) };
}

function algorithmsOf(jwk: Claims): readonly string[] {
  const type = text(jwk['kty']) ?? '';
  const implied = type === 'RSA' ? BY_TYPE['RSA'] : BY_CURVE[text(jwk['crv']) ?? ''];
  if (!implied || (type !== 'RSA' && type !== 'EC' && type !== 'OKP')) return [];
  const named = text(jwk['alg']);
  if (named !== undefined) return implied.filter((algorithm) => algorithm === named);
  return type === 'RSA' ? implied.filter((algorithm) => algorithm.startsWith('RS')) : implied;
}

/**
 * The key that a token header names. `none`: no such key (fetching again may help); `ambiguous`: the header names
 * no key and several fit, which is refused rather than tried.
 */
export function keyFor(keys: readonly SigningKey[], header: Claims): SigningKey | 'none' | 'ambiguous' {
  const kid = header['kid'];
  const algorithm = header['alg'] as string;
  const named = kid === undefined ? keys : keys.filter((key) => key.kid === kid);
  const fitting = named.filter((key) => key.algorithms.includes(algorithm));
  const [first] = fitting;
  if (!first) return named.length > 0 && kid !== undefined ? 'ambiguous' : 'none';
  return fitting.length === 1 ? first : 'ambiguous';
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
