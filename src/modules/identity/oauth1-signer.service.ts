import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { Injectable } from '@nestjs/common';
import type { ActingRequest, OutgoingRequest } from './identity.port.js';
import {
  REQUESTOR,
  authorizationField,
  isIdentityParameter,
  parametersOf,
  percentEncode,
  signatureBaseString,
} from './oauth1-signature.policy.js';
import type { Oauth1Settings, Parameter } from './oauth1-signature.policy.js';

/** With a callback, signing runs on the thread pool and does not hold up the event loop. */
const signAsync = promisify<string, Buffer, KeyObject, Buffer>(sign);
const NONCE_BYTES = 16;

/** Signs requests with RSA-SHA1 as OAuth 1.0a 2-legged calls with impersonation. */
@Injectable()
export class Oauth1SignerService {
  private readonly keys = new WeakMap<Oauth1Settings, KeyObject>();

  /**
   * The request as `username`: the requestor id comes first in the query, because the product reads the first
   * value of that name; it must be in the query, because the product does not read it from the header. Throws
   * when the caller's identity parameters were not removed, and when there is no user: a signed request without
   * one would run as whatever the application link says.
   */
  async sign(
    settings: Oauth1Settings,
    baseUrl: string,
    username: string,
    request: OutgoingRequest,
  ): Promise<ActingRequest> {
    if (username === '') throw new Error('A request cannot be signed for nobody.');
    const given = request.query.startsWith('?') ? request.query.slice(1) : request.query;
    refuseIdentityParameters(given);
    refuseIdentityParameters(request.form ?? '');
    const query = `${REQUESTOR}=${percentEncode(username)}${given === '' ? '' : `&${given}`}`;
    const oauthParameters: Parameter[] = [
      ['oauth_consumer_key', settings.consumerKey],
      ['oauth_token', ''],
      ['oauth_signature_method', 'RSA-SHA1'],
      ['oauth_timestamp', String(Math.floor(Date.now() / 1000))],
      ['oauth_nonce', randomBytes(NONCE_BYTES).toString('hex')],
      ['oauth_version', '1.0'],
    ];
    const { method, path, form } = request;
    const base = signatureBaseString({
      method,
      baseUrl: settings.signingBaseUrl ?? baseUrl,
      path,
      query,
      form,
      oauthParameters,
    });
    const signature = await signAsync('RSA-SHA1', Buffer.from(base, 'utf8'), this.keyOf(settings));
    const authorization = authorizationField([
      ...oauthParameters,
      ['oauth_signature', signature.toString('base64')],
    ]);
    return { target: `${path}?${query}`, headers: ['Authorization', authorization] };
  }

  /** Parsing a PEM takes longer than signing, so keys are kept as long as their settings are in force. */
  private keyOf(settings: Oauth1Settings): KeyObject {
    const known = this.keys.get(settings);
    if (known) return known;
    const key = createPrivateKey(settings.privateKeyPem);
    this.keys.set(settings, key);
    return key;
  }
}

function refuseIdentityParameters(text: string): void {
  if (!parametersOf(text).some(([name]) => isIdentityParameter(name))) return;
  throw new Error('A request with identity parameters of the caller reached the signature.');
}
