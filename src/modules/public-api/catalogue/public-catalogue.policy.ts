import { compilePatternSet } from '../../../lib/ant-pattern.js';
import type { PatternSet } from '../../../lib/ant-pattern.js';
import { withVersionAliases } from '../../../lib/rest-version.js';
import type { Product } from '../../applications/applications.port.js';

/** An API that a product answers without any permission check. */
export interface PublicApi {
  readonly product: Product;
  readonly path: string;
  readonly description: string;
}

function listed(
  product: Product,
  apis: readonly (readonly [path: string, description: string])[],
): PublicApi[] {
  return apis.map(([path, description]) => ({ product, path, description }));
}

/**
 * What may be read anonymously by default, by GET and HEAD only. Listed is what a product answers to anybody,
 * whatever its permissions, by Atlassian's published API descriptions. Reads that are anonymous only where an
 * Atlassian admin opened a project, space or repository are not listed: admins add them when they want to.
 */
export const PUBLIC_APIS: readonly PublicApi[] = [
  ...listed('jira', [
    ['/rest/api/2/serverInfo', 'Version, base URL and title of the server'],
    ['/rest/api/2/attachment/meta', 'Whether attachments are on, and how large they may be'],
    ['/rest/api/2/dashboard', 'Dashboards shared with everyone'],
    ['/rest/api/2/dashboard/*', 'A dashboard shared with everyone'],
    ['/rest/api/2/filter/*', 'A filter shared with everyone'],
    ['/rest/api/2/issue/picker', 'Suggestions for issues, of projects open to everyone'],
    ['/rest/api/2/jql/autocompletedata', 'Fields and functions for JQL completion'],
    ['/rest/api/2/jql/autocompletedata/suggestions', 'Values for JQL completion'],
    ['/rest/api/2/project/type', 'Project types'],
    ['/rest/api/2/project/type/*', 'A project type'],
    ['/rest/api/2/securitylevel/*', 'An issue security level'],
    ['/rest/api/2/avatar/*/system', 'System avatars'],
    ['/rest/applinks/1.0/manifest', 'What the application tells other applications about itself'],
  ]),
  ...listed('confluence', [
    ['/rest/api/accessmode', 'Whether the site is read-only'],
    ['/rest/api/user/anonymous', 'How the anonymous user is shown'],
    ['/rest/applinks/1.0/manifest', 'What the application tells other applications about itself'],
  ]),
  ...listed('bitbucket', [
    ['/rest/api/1.0/application-properties', 'Version, build and name of the server'],
    ['/rest/api/1.0/repos', 'Repositories that are open to everyone'],
    ['/rest/authconfig/1.0/login-options', 'Ways to sign in'],
    ['/rest/applinks/1.0/manifest', 'What the application tells other applications about itself'],
  ]),
];

function compile(product: Product): PatternSet<PublicApi> {
  const entries = PUBLIC_APIS.filter((api) => api.product === product);
  return compilePatternSet(
    entries.flatMap((api) => withVersionAliases(api.path).map((pattern) => ({ pattern, value: api }))),
  );
}

const COMPILED: Readonly<Record<Product, PatternSet<PublicApi>>> = {
  jira: compile('jira'),
  confluence: compile('confluence'),
  bitbucket: compile('bitbucket'),
};

/** True when anybody may read the path. The caller makes sure that it was sent in canonical form. */
export function isPublicByCatalogue(product: Product, method: string, policyPath: string): boolean {
  return (method === 'GET' || method === 'HEAD') && COMPILED[product].match(policyPath) !== undefined;
}
