import { gunzipSync } from 'node:zlib';
import { isLfsBatch } from '../modules/applications/git-traffic.policy.js';
import type { GatewayExchange } from './exchange.js';
import type { RewrittenAnswer } from './response-headers.js';

type Json = Record<string, unknown>;

const LARGEST_JSON_BYTES = 4 * 1024 * 1024;
/** Fields that spoke of the body as it came. */
const OF_THE_BODY = new Set(['content-length', 'content-encoding', 'content-md5', 'etag', 'digest']);

/** True for the one answer whose body is not passed on as it came: see `rewriteLfsBatch`. */
export function isLfsBatchAnswer(
  { application, head, policyPath }: GatewayExchange,
  status: number,
): boolean {
  return status === 200 && isLfsBatch(application?.product, head.method, policyPath);
}

/**
 * The answer to a Git LFS batch request, which tells the client where to send large files and with which
 * credential. That credential was made for the user by Bitbucket and would work past the gateway and its rules, so
 * it is taken out: the client uses its own token, as for the batch itself. The addresses are led back through the
 * gateway. Throws when the body is no such answer.
 */
export function rewriteLfsBatch(
  headers: readonly string[],
  body: Buffer,
  rewriteLink: (href: string) => string,
): RewrittenAnswer {
  const batch: unknown = JSON.parse(textOf(headers, body));
  if (!isJson(batch)) throw new Error('an LFS batch answer that is no object');
  for (const object of objectsIn(batch['objects'])) {
    // It says that the client need not use a credential of its own.
    delete object['authenticated'];
    for (const action of objectsIn(Object.values(isJson(object['actions']) ? object['actions'] : {})))
      rewriteAction(action, rewriteLink);
  }
  const rewritten = Buffer.from(JSON.stringify(batch), 'utf8');
  const kept = withoutBodyFields(headers);
  return { headers: [...kept, 'Content-Length', String(rewritten.length)], body: rewritten };
}

function rewriteAction(action: Json, rewriteLink: (href: string) => string): void {
  if (typeof action['href'] === 'string') action['href'] = rewriteLink(action['href']);
  const { header } = action;
  if (!isJson(header)) return;
  for (const name of Object.keys(header)) {
    if (/^(?:proxy-)?authorization$|^cookie$/i.test(name)) delete header[name];
  }
}

function textOf(headers: readonly string[], body: Buffer): string {
  const encoding = fieldOf(headers, 'content-encoding')?.toLowerCase() ?? 'identity';
  if (encoding === 'identity') return body.toString('utf8');
  if (encoding !== 'gzip') throw new Error(`an LFS batch answer in ${encoding}`);
  return gunzipSync(body, { maxOutputLength: LARGEST_JSON_BYTES }).toString('utf8');
}

function withoutBodyFields(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (!OF_THE_BODY.has((headers[i] as string).toLowerCase()))
      kept.push(headers[i] as string, headers[i + 1] as string);
  }
  return kept;
}

function fieldOf(headers: readonly string[], name: string): string | undefined {
  const at = headers.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === name);
  return at === -1 ? undefined : headers[at + 1];
}

function objectsIn(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isJson) : [];
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
