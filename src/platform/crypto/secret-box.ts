import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

export const SECRET_BOX = Symbol('SECRET_BOX');

const VERSION = 'v1';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** A sealed value cannot be opened: its key is not configured, or it was changed. */
export class SecretBoxError extends Error {
  override readonly name = 'SecretBoxError';
}

/**
 * Encrypts secrets at rest with AES-256-GCM. A sealed value is `v1.{key id}.{base64url of iv, text, tag}`; the
 * key id lets keys rotate: the first key seals, every key opens. `purpose` is authenticated, so that a sealed
 * value copied into another place does not open there.
 */
export class SecretBox {
  private readonly keys = new Map<string, Buffer>();
  readonly currentKeyId: string;

  constructor(keys: readonly Buffer[]) {
    const [first] = keys;
    if (!first) throw new SecretBoxError('No encryption key is configured.');
    for (const key of keys) this.keys.set(keyIdOf(key), key);
    this.currentKeyId = keyIdOf(first);
  }

  seal(text: string, purpose: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.keys.get(this.currentKeyId) as Buffer, iv);
    cipher.setAAD(Buffer.from(purpose));
    const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${VERSION}.${this.currentKeyId}.${sealed.toString('base64url')}`;
  }

  /** Throws `SecretBoxError` when the key is unknown or the value was changed or sealed for another purpose. */
  open(sealed: string, purpose: string): string {
    const [version, keyId, body] = sealed.split('.');
    const key = this.keys.get(keyId ?? '');
    if (version !== VERSION || !key || !body) {
      throw new SecretBoxError(
        `A stored secret was encrypted with key ${keyId ?? '?'}, which is not configured.`,
      );
    }
    const bytes = Buffer.from(body, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES));
    decipher.setAAD(Buffer.from(purpose));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    try {
      const text = decipher.update(bytes.subarray(IV_BYTES, bytes.length - TAG_BYTES));
      return Buffer.concat([text, decipher.final()]).toString('utf8');
    } catch (error) {
      throw new SecretBoxError('A stored secret does not decrypt.', { cause: error });
    }
  }

  /** True when the value was sealed with an earlier key and should be sealed anew. */
  isStale(sealed: string): boolean {
    return sealed.split('.')[1] !== this.currentKeyId;
  }
}

/** First 8 hex digits of the SHA-256 of the key: tells keys apart, gives nothing away. */
export function keyIdOf(key: Buffer): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}
