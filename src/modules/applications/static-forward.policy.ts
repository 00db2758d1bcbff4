const STATIC_FOLDERS = ['/download/', '/images/', '/styles/', '/includes/'];
/** The products decode until nothing changes; whoever needs more rounds than this hides something. */
const DECODING_ROUNDS = 10;
const FORWARDED = /^\/s\//i;
const SEPARATOR = '/_/';

/**
 * Jira, Confluence and Bitbucket serve `/s/{anything}/_/{path}` as `/{path}`, and Confluence decodes the path
 * again and again before it looks. True when such a path leads anywhere but to static files, or hides where it
 * leads: it must be refused (CVE-2021-26085, CVE-2021-26086).
 */
export function leadsBehindStaticForward(policyPath: string): boolean {
  if (!policyPath.includes('%') && !FORWARDED.test(policyPath)) return false;
  const path = decodedUntilStable(policyPath);
  if (path === undefined) return FORWARDED.test(policyPath) || policyPath.includes('%25');
  if (!FORWARDED.test(path) || !path.includes(SEPARATOR)) return false;
  if (isHiding(path)) return true;
  for (let at = path.indexOf(SEPARATOR); at !== -1; at = path.indexOf(SEPARATOR, at + 1)) {
    const tail = path.slice(at + SEPARATOR.length - 1);
    if (!STATIC_FOLDERS.some((folder) => tail.startsWith(folder))) return true;
  }
  return false;
}

/** Undefined when it does not settle, or settles on what is no text. */
function decodedUntilStable(path: string): string | undefined {
  let current = path;
  for (let round = 0; round < DECODING_ROUNDS; round++) {
    if (!current.includes('%')) return current;
    const decoded = decodedOnce(current);
    if (decoded === undefined) return undefined;
    if (decoded === current) return current;
    current = decoded;
  }
  return undefined;
}

function decodedOnce(path: string): string | undefined {
  const decoded = Buffer.from(
    Buffer.from(path, 'utf8')
      .toString('latin1')
      .replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
  return decoded.includes('\uFFFD') ? undefined : decoded;
}

/** What a servlet container drops or resolves after it has matched the path. */
function isHiding(path: string): boolean {
  return /[\u0000-\u001f\u007f\\;%]|\/\/|\/\.{1,2}(?:\/|$)/.test(path);
}
