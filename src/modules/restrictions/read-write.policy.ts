import type { PatternSet } from '../../lib/ant-pattern.js';
import { covers } from '../../lib/method-rule.js';
import type { MethodRule } from '../../lib/method-rule.js';
import { otherSpellings } from '../../lib/rest-version.js';
import type { Application } from '../applications/applications.port.js';
import type { RequestHead } from '../decisions/exchange.port.js';
import { isProtectedEndpoint } from '../identity/identity.port.js';
import { findReadingPost } from './catalogue/read-catalogue.policy.js';
import { findWritingGet } from './catalogue/write-catalogue.policy.js';
import { byRule } from './classified.policy.js';
import type { Classified } from './classified.policy.js';

/** One entry of the admin's lists, and what it says of the calls that it covers. */
export interface ReadWriteEntry extends MethodRule {
  readonly classified: Classified;
}

/** The admin's lists, compiled. Undefined where a list is empty: then nothing is looked up. */
export interface ReadWriteRules {
  readonly reads: PatternSet<ReadWriteEntry> | undefined;
  readonly writes: PatternSet<ReadWriteEntry> | undefined;
}

/** What of a request head decides whether it reads or writes. */
export type ClassifiedHead = Pick<RequestHead, 'method' | 'query' | 'exactPath' | 'upgrade'>;

/** What of an application does. */
export type ClassifiedApplication = Pick<Application, 'key' | 'product' | 'openedEndpoints'>;

/** The `operation` of a Git LFS batch request, where somebody has read it. */
export type LfsOperation = 'download' | 'upload';

const READ_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Compared without case and end slash: what a server might take for it must not pass as a read. */
const REFS = /\/info\/refs\/?$/i;
const LFS_BATCH = /^\/scm\/.+\/info\/lfs\/objects\/batch$/;
const PUSH = /\/(?:git-receive-pack|info\/lfs\/objects\/batch)\/?$/i;

const UPGRADE = byRule('write', 'An open connection carries whatever comes later.');
const PROCEDURE = byRule('write', 'A remote procedure call: its body names the procedure.');
const PUSH_REFS = byRule('write', 'The first request of a push, or of what may be one.');
const FETCH_REFS = byRule('read', 'The first request of a fetch.');
const LFS_DOWNLOAD = byRule('read', 'The body of the Git LFS batch asks for a download.');
const READ_METHOD = byRule('read', 'GET, HEAD and OPTIONS read.');
const UNKNOWN = byRule('write', 'No list says that it reads, and unknown is a write.');

/**
 * Whether a call reads or writes, and what decided: the admin's writes, then what no list can tell (the body, the
 * query or an open connection does), then the admin's reads, then the shipped catalogue. Lists of reads count only
 * for a path that was sent in canonical form; lists of writes for every spelling. Everything unknown is a write.
 */
export function classify(
  rules: ReadWriteRules,
  application: ClassifiedApplication,
  head: ClassifiedHead,
  policyPath: string,
  lfsOperation?: LfsOperation,
): Classified {
  if (head.upgrade) return UPGRADE;
  return (
    listedWrite(rules.writes, application, head, policyPath) ??
    untold(application, head, policyPath, lfsOperation) ??
    listedRead(rules.reads, application, head, policyPath) ??
    shipped(application, head, policyPath)
  );
}

function listedWrite(
  writes: ReadWriteRules['writes'],
  application: ClassifiedApplication,
  { method }: ClassifiedHead,
  policyPath: string,
): Classified | undefined {
  if (!writes) return undefined;
  const accept = (entry: ReadWriteEntry): boolean => covers(entry, application.key, method);
  let found = writes.match(policyPath, accept);
  if (!found) {
    for (const path of otherSpellings(policyPath)) found ??= writes.match(path, accept);
  }
  return found?.classified;
}

/** What a path alone does not tell. */
function untold(
  { product }: ClassifiedApplication,
  { method, query, exactPath }: ClassifiedHead,
  policyPath: string,
  lfsOperation: LfsOperation | undefined,
): Classified | undefined {
  if (policyPath.startsWith('/rpc/')) return PROCEDURE;
  if (policyPath.startsWith('/rest/')) return undefined;
  if (READ_METHODS.has(method)) {
    if (!REFS.test(policyPath)) return undefined;
    return asksForUploadPack(query) ? FETCH_REFS : PUSH_REFS;
  }
  const downloads = product === 'bitbucket' && method === 'POST' && lfsOperation === 'download';
  return downloads && exactPath && LFS_BATCH.test(policyPath) ? LFS_DOWNLOAD : undefined;
}

/**
 * The admin's entry that makes the call a read. Nothing makes a read of a push, nor of an endpoint that makes
 * credentials or sessions: that one has its own list of exceptions.
 */
function listedRead(
  reads: ReadWriteRules['reads'],
  application: ClassifiedApplication,
  { method, exactPath }: ClassifiedHead,
  policyPath: string,
): Classified | undefined {
  if (!reads || !exactPath) return undefined;
  const found = reads.match(policyPath, (entry) => covers(entry, application.key, method));
  if (!found || PUSH.test(policyPath)) return undefined;
  return isProtectedEndpoint(application, policyPath, method) ? undefined : found.classified;
}

function shipped(
  { product }: ClassifiedApplication,
  { method, exactPath }: ClassifiedHead,
  policyPath: string,
): Classified {
  if (READ_METHODS.has(method)) return findWritingGet(policyPath) ?? READ_METHOD;
  return (method === 'POST' && exactPath && findReadingPost(product, policyPath)) || UNKNOWN;
}

/** Git's first request of a fetch. `git-receive-pack`, several services or none at all may begin a push. */
function asksForUploadPack(query: string): boolean {
  const services = new URLSearchParams(query).getAll('service');
  return services.length === 1 && services[0] === 'git-upload-pack';
}
