import type { Product } from './applications.port.js';

/** Which of git's clients a path belongs to. */
export type GitTraffic = 'git' | 'git-lfs';

const REPOSITORIES = '/scm/';
const SERVICES = ['/info/refs', '/git-upload-pack', '/git-receive-pack'];
const LARGE_FILES = '/info/lfs/';

/**
 * Tells git's own requests (smart HTTP, large files) to Bitbucket from its pages: git sends a credential only
 * after a challenge, and prints errors in a form of its own. `undefined` for everything else.
 */
export function gitTraffic(product: Product, policyPath: string): GitTraffic | undefined {
  if (product !== 'bitbucket' || !policyPath.startsWith(REPOSITORIES)) return undefined;
  if (policyPath.includes(LARGE_FILES)) return 'git-lfs';
  return SERVICES.some((service) => policyPath.endsWith(service)) ? 'git' : undefined;
}
