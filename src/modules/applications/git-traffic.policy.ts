import type { Product } from './applications.port.js';

/** Which of git's clients a path belongs to. */
export type GitTraffic = 'git' | 'git-lfs';

const REPOSITORIES = '/scm/';
const SERVICES = ['/info/refs', '/git-upload-pack', '/git-receive-pack'];
const LARGE_FILES = '/info/lfs/';
const LARGE_FILES_STORAGE = '/rest/git-lfs/';
const LFS_OBJECTS = '/info/lfs/objects';

/**
 * Tells git's own requests (smart HTTP, large files) to Bitbucket from its pages: git sends a credential only
 * after a challenge, and prints errors in a form of its own. `undefined` for everything else.
 */
export function gitTraffic(product: Product, policyPath: string): GitTraffic | undefined {
  if (product !== 'bitbucket') return undefined;
  if (policyPath.startsWith(LARGE_FILES_STORAGE)) return 'git-lfs';
  if (!policyPath.startsWith(REPOSITORIES)) return undefined;
  if (policyPath.includes(LARGE_FILES)) return 'git-lfs';
  return SERVICES.some((service) => policyPath.endsWith(service)) ? 'git' : undefined;
}

/** True for the request that asks where to send or fetch large files. */
export function isLfsBatch(product: Product | undefined, method: string, policyPath: string): boolean {
  return (
    product === 'bitbucket' &&
    method === 'POST' &&
    policyPath.startsWith(REPOSITORIES) &&
    policyPath.includes(LFS_OBJECTS)
  );
}
