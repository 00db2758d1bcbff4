import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
  type KeyObject,
} from 'node:crypto';

export interface SigningKey {
  kid: string;
  alg: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** SPKI PEM, what an attacker would use as the secret in an RS256-to-HS256 confusion. */
  publicPem: string;
}

export type JwtHeader = Record<string, unknown>;

/** A new key pair for RS*, PS* or ES256. */
export function newSigningKey(alg = 'RS256', kid: string = randomUUID()): SigningKey {
  const pair = alg.startsWith('ES')
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { kid, alg, privateKey: pair.privateKey, publicKey: pair.publicKey, publicPem };
}

/** The key as JWK; with `withPrivate` for the provider's own configuration. */
export function toJwk(key: SigningKey, withPrivate = false): Record<string, unknown> {
  const exported = (withPrivate ? key.privateKey : createPublicKey(key.publicPem)).export({ format: 'jwk' });
  return { ...exported, kid: key.kid, alg: key.alg, use: 'sig' };
}

export function base64url(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

function signature(alg: unknown, input: string, key: SigningKey, secret: string | undefined): Buffer {
  const bits = typeof alg === 'string' ? alg.slice(2) : '';
  const data = Buffer.from(input);
  if (secret !== undefined)
    return createHmac(`sha${bits || '256'}`, secret)
      .update(data)
      .digest();
  if (typeof alg !== 'string' || alg.toLowerCase() === 'none' || alg === '') return Buffer.alloc(0);
  if (alg.startsWith('ES'))
    return sign(`sha${bits}`, data, { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  if (alg.startsWith('PS')) {
    return sign(`sha${bits}`, data, { key: key.privateKey, padding: 6, saltLength: Number(bits) / 8 });
  }
  return sign(`sha${bits || '256'}`, data, key.privateKey);
}

/**
 * Signs whatever it is given, sane or not. `undefined` header members are left out (for tokens without
 * `kid`, `alg` or `typ`); with `secret` the signature is an HMAC.
 */
export function signWith(
  key: SigningKey,
  payload: Record<string, unknown> | string,
  header: JwtHeader = {},
  secret?: string,
): string {
  const whole = { alg: key.alg, typ: 'at+jwt', kid: key.kid, ...header };
  const input = `${base64url(whole)}.${base64url(payload)}`;
  return `${input}.${signature(whole.alg, input, key, secret).toString('base64url')}`;
}

/** Claims of a token, read without any check: for assertions only. */
export function decodeJwt(token: string): {
  header: Record<string, unknown>;
  payload: Record<string, unknown>;
} {
  const [header, payload] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString('utf8'));
  return {
    header: JSON.parse(header ?? '') as Record<string, unknown>,
    payload: JSON.parse(payload ?? '') as Record<string, unknown>,
  };
}
