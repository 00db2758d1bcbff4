import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { Injectable } from '@nestjs/common';
import type { KeyPair } from './application-settings.policy.js';

const generate = promisify(generateKeyPair);
/** What every supported release of the products accepts for RSA-SHA1. */
const MODULUS_BITS = 2048;

/** Makes RSA key pairs for application links, off the event loop. */
@Injectable()
export class KeyPairService {
  async make(): Promise<KeyPair> {
    const { privateKey, publicKey } = await generate('rsa', {
      modulusLength: MODULUS_BITS,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    return { privateKeyPem: privateKey, publicKeyPem: publicKey };
  }
}
