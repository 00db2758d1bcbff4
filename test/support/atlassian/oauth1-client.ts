import { createSign } from 'node:crypto';
import OAuth from 'oauth-1.0a';

export interface OAuth1Call {
  consumerKey: string;
  privateKeyPem: string;
  method: string;
  /** URL as the product sees it, with its query (already holding `xoauth_requestor_id` if wanted). */
  url: string;
  /** Decoded fields of a urlencoded body. */
  form?: [string, string][];
  timestamp?: number;
  nonce?: string;
  signatureMethod?: string;
  version?: string;
  token?: string;
}

/** An `Authorization: OAuth ...` value made by the library alone: what an Atlassian client would send. */
export function oauth1Header(call: OAuth1Call): string {
  const query = call.url.indexOf('?');
  const pairs = [...new URLSearchParams(query === -1 ? '' : call.url.slice(query + 1)), ...(call.form ?? [])];
  const data: Record<string, string | string[]> = {};
  for (const [name, value] of pairs) {
    const before = data[name];
    data[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  const oauth = new OAuth({
    consumer: { key: call.consumerKey, secret: '' },
    signature_method: call.signatureMethod ?? 'RSA-SHA1',
    version: call.version ?? '1.0',
    hash_function: (base) => createSign('RSA-SHA1').update(base).sign(call.privateKeyPem, 'base64'),
  });
  if (call.timestamp !== undefined) oauth.getTimeStamp = () => call.timestamp ?? 0;
  if (call.nonce !== undefined) oauth.getNonce = () => call.nonce ?? '';
  const url = query === -1 ? call.url : call.url.slice(0, query);
  const signed = oauth.authorize({ method: call.method, url, data }, { key: call.token ?? '', secret: '' });
  return oauth.toHeader(signed).Authorization;
}
