import { compilePatternSet } from '../../../lib/ant-pattern.js';
import type { PatternSet } from '../../../lib/ant-pattern.js';
import { withVersionAliases } from '../../../lib/rest-version.js';
import type { Product } from '../../applications/applications.port.js';
import type { Classified } from '../classified.policy.js';

/** A POST operation that only reads. */
export interface ReadingPost {
  readonly product: Product;
  readonly path: string;
  readonly description: string;
}

function listed(
  product: Product,
  posts: readonly (readonly [path: string, description: string])[],
): ReadingPost[] {
  return posts.map(([path, description]) => ({ product, path, description }));
}

/**
 * POST operations that only read, by product. Taken from Atlassian's published API descriptions: an operation
 * is here when its description says that it answers something and changes nothing. docs/read-write.md tells
 * how the list is made. What is not here is a write.
 */
export const READING_POSTS: readonly ReadingPost[] = [
  ...listed('jira', [
    ['/rest/api/2/search', 'Searches issues with JQL'],
    ['/rest/api/2/worklog/list', 'Work logs by their ids'],
    ['/rest/api/2/licenseValidator', 'Whether a licence is valid'],
    ['/rest/api/2/password/policy/createUser', 'Whether a password of a new user would do'],
    ['/rest/api/2/password/policy/updateUser', 'Whether a new password of a user would do'],
    ['/rest/pat/1.0/tokens/search', 'Searches personal access tokens'],
  ]),
  ...listed('confluence', [
    ['/rest/api/contentbody/convert/*', 'Converts a content body'],
    ['/rest/pat/1.0/tokens/search', 'Searches personal access tokens'],
  ]),
  ...listed('bitbucket', [
    ['/rest/build-status/1.0/commits/stats', 'Counts builds of commits'],
    ['/rest/api/1.0/markup/preview', 'Renders markup'],
    ['/rest/api/1.0/migration/exports/preview', 'What an export would hold'],
    ['/rest/api/1.0/migration/mesh/preview', 'What a migration to Mesh would move'],
    ['/rest/search/1.0/search', 'Searches code'],
    // Pushing goes to git-receive-pack.
    ['/scm/**/git-upload-pack', 'Git fetch and clone'],
  ]),
];

function compile(product: Product): PatternSet<Classified> {
  const posts = READING_POSTS.filter((post) => post.product === product);
  return compilePatternSet(
    posts.flatMap(({ path, description }) => {
      const detail = `A POST that only reads, by the catalogue: ${description}.`;
      const value: Classified = { classification: 'read', source: 'catalogue', path, detail };
      return withVersionAliases(path).map((pattern) => ({ pattern, value }));
    }),
  );
}

const COMPILED: Readonly<Record<Product, PatternSet<Classified>>> = {
  jira: compile('jira'),
  confluence: compile('confluence'),
  bitbucket: compile('bitbucket'),
};

/** What the catalogue says of a POST that only reads. The caller makes sure that the path was sent in canonical form. */
export function findReadingPost(product: Product, policyPath: string): Classified | undefined {
  return COMPILED[product].match(policyPath);
}
