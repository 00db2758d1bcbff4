import { compilePatternSet } from '../../../lib/ant-pattern.js';
import type { PatternSet } from '../../../lib/ant-pattern.js';
import { withVersionAliases } from '../../../lib/rest-version.js';
import type { Product } from '../../applications/applications.port.js';

/**
 * POST operations that only read, by product. Taken from Atlassian's published API descriptions: an operation
 * is here when its description says that it answers something and changes nothing. docs/read-write.md tells
 * how the list is made. What is not here is a write.
 */
export const READING_POSTS: Readonly<Record<Product, readonly string[]>> = {
  jira: [
    '/rest/api/2/search',
    '/rest/api/2/worklog/list',
    '/rest/api/2/licenseValidator',
    '/rest/api/2/password/policy/createUser',
    '/rest/api/2/password/policy/updateUser',
    '/rest/pat/1.0/tokens/search',
  ],
  confluence: ['/rest/api/contentbody/convert/*', '/rest/pat/1.0/tokens/search'],
  bitbucket: [
    '/rest/build-status/1.0/commits/stats',
    '/rest/api/1.0/markup/preview',
    '/rest/api/1.0/migration/exports/preview',
    '/rest/api/1.0/migration/mesh/preview',
    '/rest/search/1.0/search',
    // Fetch and clone. Pushing goes to git-receive-pack.
    '/scm/**/git-upload-pack',
  ],
};

function compile(patterns: readonly string[]): PatternSet<true> {
  return compilePatternSet(
    patterns.flatMap(withVersionAliases).map((pattern) => ({ pattern, value: true as const })),
  );
}

const COMPILED: Readonly<Record<Product, PatternSet<true>>> = {
  jira: compile(READING_POSTS.jira),
  confluence: compile(READING_POSTS.confluence),
  bitbucket: compile(READING_POSTS.bitbucket),
};

/** True when a POST to the path only reads. The caller makes sure that the path was sent in canonical form. */
export function isReadingPost(product: Product, policyPath: string): boolean {
  return COMPILED[product].match(policyPath) === true;
}
