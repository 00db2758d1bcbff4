import { compilePatternSet } from '../../../lib/ant-pattern.js';
import type { PatternSet } from '../../../lib/ant-pattern.js';
import { otherSpellings } from '../../../lib/rest-version.js';
import type { Classified } from '../classified.policy.js';

/** Calls that count as writes although their method only reads. */
export interface WritingGet {
  readonly path: string;
  readonly description: string;
  /** No entry of the admin makes it a read. */
  readonly fixed: boolean;
}

const WEB_ACTION = 'A web action, guarded by a token in the page that is not asked of API callers';
const LOGIN = 'Begins or ends a session';

/**
 * GETs, HEADs and OPTIONS that begin a write, for all products. The patterns that begin with `**` are of web
 * traffic: below `/rest/` a name is only a name, of a file for example.
 */
export const WRITING_GETS: readonly WritingGet[] = [
  { path: '/rpc/**', description: 'Remote procedure call: its body names the procedure', fixed: true },
  {
    path: '/**/info/refs',
    description: 'Begins a push, unless the query says service=git-upload-pack and nothing else',
    fixed: true,
  },
  {
    path: '/rest/scriptrunner/**',
    description: 'Runs scripts that somebody at your site wrote',
    fixed: false,
  },
  { path: '/plugins/servlet/**', description: 'Servlets do whatever they do on GET', fixed: false },
  ...['/**/*.jspa', '/**/*.action'].map((path) => ({ path, description: WEB_ACTION, fixed: false })),
  ...['/**/logout', '/**/Logout', '/**/j_atl_security_check', '/**/j_security_check'].map((path) => ({
    path,
    description: LOGIN,
    fixed: false,
  })),
];

function compile(entries: readonly WritingGet[]): PatternSet<Classified> {
  return compilePatternSet(
    entries.map(({ path, description }) => {
      const detail = `Counts as a write by the catalogue: ${description}.`;
      const value: Classified = { classification: 'write', source: 'catalogue', path, detail };
      return { pattern: path, value };
    }),
  );
}

const OPEN = WRITING_GETS.filter(({ fixed }) => !fixed);
const BELOW_REST = compile(OPEN.filter(({ path }) => path.startsWith('/rest/')));
const ELSEWHERE = compile(OPEN.filter(({ path }) => !path.startsWith('/rest/')));

/** The entry that makes a GET, HEAD or OPTIONS a write. The fixed ones are the classification's own to find. */
export function findWritingGet(policyPath: string): Classified | undefined {
  if (policyPath.startsWith('/rest/')) return BELOW_REST.match(policyPath);
  const found = ELSEWHERE.match(policyPath);
  if (found) return found;
  for (const path of otherSpellings(policyPath)) {
    const other = ELSEWHERE.match(path);
    if (other) return other;
  }
  return undefined;
}
