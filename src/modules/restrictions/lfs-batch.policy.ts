import type { Exchange } from '../decisions/exchange.port.js';
import type { LfsOperation } from './read-write.policy.js';
import type { GroupRestrictions } from './restrictions.port.js';

const BATCH = /^\/scm\/.+\/info\/lfs\/objects\/batch$/;
const BATCH_TYPE = /^application\/vnd\.git-lfs\+json(?:\s*;\s*charset="?utf-8"?)?\s*$/i;

/**
 * True for a Git LFS batch request that somebody makes who may only read: then its body decides. Everybody else's
 * bodies are streamed unread.
 */
export function needsLfsOperation(exchange: Exchange, rules: GroupRestrictions): boolean {
  const { application, head, policyPath, principal } = exchange;
  if (application?.product !== 'bitbucket' || head.method !== 'POST' || !head.exactPath) return false;
  if (!BATCH.test(policyPath) || !BATCH_TYPE.test(head.contentType ?? '')) return false;
  return rules.readOnly.enabled || principal?.limits?.scope === 'read';
}

/**
 * What a batch request asks for. Only a JSON object that says `download` once, and in plain letters, downloads: what
 * another JSON reader could take for something else uploads.
 */
export function lfsOperationOf(body: Buffer | undefined): LfsOperation {
  const text = body?.toString('utf8') ?? '';
  if (text.includes('\\') || text.match(/"operation"/gi)?.length !== 1) return 'upload';
  try {
    const batch: unknown = JSON.parse(text);
    const says =
      typeof batch === 'object' && batch !== null && 'operation' in batch ? batch.operation : undefined;
    return says === 'download' ? 'download' : 'upload';
  } catch (error) {
    if (error instanceof SyntaxError) return 'upload';
    throw error;
  }
}
