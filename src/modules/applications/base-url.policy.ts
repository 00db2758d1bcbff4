export interface BaseUrl {
  /** Without trailing slash. */
  readonly baseUrl: string;
  readonly origin: string;
  readonly host: string;
  readonly contextPath: string;
}

const LONGEST = 500;
const SEGMENTS = /^(?:\/[A-Za-z0-9._~-]+)*$/;
const HOSTNAME =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
/** First segments that the products use themselves: a prefix below another one must not shadow them. */
const PRODUCT_SEGMENTS = new Set(
  'rest rpc s plugins secure browse download projects users scm mvc synchrony pages display spaces images'.split(
    ' ',
  ),
);

/** What is wrong with an application's address, in words; undefined when it is right. */
export function baseUrlFault(text: string): string | undefined {
  if (text.length > LONGEST) return `must not be longer than ${LONGEST} characters`;
  if (!/^https?:\/\//i.test(text)) return 'must begin with http:// or https://';
  if (/[\s\\]/.test(text) || !URL.canParse(text)) return 'is not a well-formed URL';
  if (/[?#]/.test(text)) return 'must have no query and no fragment';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || text.includes('@'))
    return 'must hold no user name and no password';
  const path = text.replace(/^https?:\/\/[^/]*/i, '').replace(/\/+$/, '');
  if (!SEGMENTS.test(path) || path.split('/').some(isDots))
    return 'has a path with characters that are not supported';
  return undefined;
}

/** The parts of an address that was validated with `baseUrlFault`. Throws on one that is no URL. */
export function parseBaseUrl(text: string): BaseUrl {
  const url = new URL(text);
  const contextPath = url.pathname.replace(/\/+$/, '');
  return { baseUrl: `${url.origin}${contextPath}`, origin: url.origin, host: url.host, contextPath };
}

/** What is wrong with a host name by which an application is reached; it is expected in lower case. */
export function hostnameFault(hostname: string): string | undefined {
  if (HOSTNAME.test(hostname) || /^\[[0-9a-f:.]{2,45}\]$/.test(hostname)) return undefined;
  return 'must be a host name without scheme, port and path';
}

/** What is wrong with a path prefix. Empty is right only together with a host name. */
export function pathPrefixFault(prefix: string, hostname: string | undefined): string | undefined {
  if (prefix === '') return hostname === undefined ? 'must not be empty without a hostname' : undefined;
  if (prefix.length > 200) return 'must not be longer than 200 characters';
  if (!SEGMENTS.test(prefix) || prefix.split('/').some(isDots)) {
    return 'must look like /jira: a slash and letters, digits, dot, underscore, tilde or hyphen, without a slash at the end';
  }
  const first = prefix.split('/')[1]?.toLowerCase();
  if (first === 'restgate' || first === 'rest' || first === 'rpc')
    return `must not begin with /${first}, which is taken`;
  return undefined;
}

export interface ReachedAt {
  readonly key: string;
  readonly hostname?: string;
  readonly pathPrefix: string;
}

/**
 * What is wrong with a prefix beside the other applications of the same host: the same one (whatever its case),
 * or one that lies in paths which the other application serves itself.
 */
export function overlapFault(own: ReachedAt, others: readonly ReachedAt[]): string | undefined {
  for (const other of others) {
    if (other.key === own.key || other.hostname !== own.hostname) continue;
    const [mine, theirs] = [own.pathPrefix.toLowerCase(), other.pathPrefix.toLowerCase()];
    if (mine === theirs) return `is taken by application ${other.key}`;
    const inner = mine.startsWith(`${theirs}/`)
      ? mine.slice(theirs.length)
      : theirs.startsWith(`${mine}/`)
        ? theirs.slice(mine.length)
        : '';
    if (PRODUCT_SEGMENTS.has(inner.split('/')[1] ?? ''))
      return `overlaps with paths of application ${other.key}`;
  }
  return undefined;
}

function isDots(segment: string): boolean {
  return segment === '.' || segment === '..';
}
