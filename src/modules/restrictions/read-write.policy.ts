import type { Product } from '../applications/applications.port.js';
import type { RequestHead } from '../decisions/exchange.port.js';
import { isReadingPost } from './catalogue/read-catalogue.policy.js';

export type Classification = 'read' | 'write';

/** What of a request head decides whether it reads or writes. */
export type ClassifiedHead = Pick<RequestHead, 'method' | 'query' | 'exactPath' | 'upgrade'>;

/** The `operation` of a Git LFS batch request, where somebody has read it. */
export type LfsOperation = 'download' | 'upload';

const READ_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const LFS_BATCH = /^\/scm\/.+\/info\/lfs\/objects\/batch$/;
/** Web actions and servlets do whatever they do on GET; the XSRF token that guards them is not asked of us. */
const WEB_ACTION = /\.(?:jspa|action)\/?$|\/(?:logout|Logout|j_atl_security_check|j_security_check)\/?$/;

/**
 * Whether a call reads or writes: GET, HEAD and OPTIONS read, except those that begin a write; a POST reads
 * when it is in the catalogue and its path was sent in canonical form. Everything unknown is a write.
 */
export function classify(
  product: Product,
  head: ClassifiedHead,
  policyPath: string,
  lfsOperation?: LfsOperation,
): Classification {
  // An open connection carries whatever comes later; remote procedure calls name their method in the body.
  if (head.upgrade || policyPath.startsWith('/rpc/')) return 'write';
  if (READ_METHODS.has(head.method)) return beginsWrite(policyPath, head.query) ? 'write' : 'read';
  if (head.method !== 'POST' || !head.exactPath) return 'write';
  if (product === 'bitbucket' && lfsOperation === 'download' && LFS_BATCH.test(policyPath)) return 'read';
  return isReadingPost(product, policyPath) ? 'read' : 'write';
}

function beginsWrite(policyPath: string, query: string): boolean {
  if (policyPath.startsWith('/rest/')) return policyPath.startsWith('/rest/scriptrunner/');
  if (policyPath.endsWith('/info/refs')) return !asksForUploadPack(query);
  return policyPath.startsWith('/plugins/servlet/') || WEB_ACTION.test(policyPath);
}

/** Git's first request of a fetch. `git-receive-pack`, several services or none at all may begin a push. */
function asksForUploadPack(query: string): boolean {
  const services = new URLSearchParams(query).getAll('service');
  return services.length === 1 && services[0] === 'git-upload-pack';
}
