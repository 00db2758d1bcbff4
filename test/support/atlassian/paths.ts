import type { StandInProduct } from './types.js';

export interface MappedTarget {
  /** Path below the context path that decides which resource answers. */
  path: string;
  /** Raw path as `request.getRequestURI()` gives it (escapes and `;parameters` kept). */
  rawPath: string;
  rawQuery: string;
  /** `;jsessionid=` found in the path: Tomcat takes a session from it. */
  sessionId: string | null;
  /** Authority of an absolute-form target; Tomcat prefers it to the Host field. */
  authority: string | null;
}

export type Mapping = MappedTarget | { refused: 400 | 404 };

const ILLEGAL_IN_TARGET = /["<>[\\\]^`{|}#\s]|[^\x21-\x7e]/;

function decodeOnce(text: string): string | null {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return null;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/** Decodes until nothing changes, as Confluence's rewriting filter does. */
export function decodeUntilStable(text: string): string {
  let current = text;
  for (let round = 0; round < 10; round += 1) {
    const next = decodeOnce(current);
    if (next === null || next === current) return current;
    current = next;
  }
  return current;
}

/** Tomcat's `RequestUtil.normalize`: joins slashes, resolves dots; null when it leaves the root. */
export function normalizePath(path: string): string | null {
  if (path.includes('\\') || path.includes('\0')) return null;
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  const last = segments.at(-1);
  const endsInFolder = last === '' || last === '.' || last === '..';
  for (const segment of segments) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') kept.push(segment);
    else if (kept.pop() === undefined) return null;
  }
  const joined = `/${kept.join('/')}`;
  return endsInFolder && joined !== '/' ? `${joined}/` : joined;
}

function splitTarget(target: string): { authority: string | null; rawPath: string; rawQuery: string } {
  let rest = target;
  let authority: string | null = null;
  const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(target);
  if (absolute) {
    authority = absolute[1] ?? '';
    rest = absolute[2] ?? '';
    if (!rest.startsWith('/')) rest = `/${rest}`;
  }
  const at = rest.indexOf('?');
  return at === -1
    ? { authority, rawPath: rest, rawQuery: '' }
    : { authority, rawPath: rest.slice(0, at), rawQuery: rest.slice(at + 1) };
}

/** The caching filter's server-side forward: `/s/{anything}/_/{path}` is answered by `/{path}`. */
function forwardStaticAlias(product: StandInProduct, path: string, rawBelowContext: string): string | null {
  if (product === 'bitbucket') return path;
  let current = product === 'confluence' ? decodeUntilStable(rawBelowContext.replace(/;[^/]*/g, '')) : path;
  if (!/^\/s\/.*\/_\//.test(current)) return path;
  for (let round = 0; round < 5; round += 1) {
    const inner = /^\/s\/.*\/_\/(.*)$/.exec(current);
    if (!inner) break;
    const normalized = normalizePath(`/${(inner[1] ?? '').replace(/;[^/]*/g, '')}`);
    if (normalized === null) return null;
    current = normalized;
  }
  return current;
}

/** Aliases of one resource: `.json`, the end slash, and the version words of the product. */
function canonicalResource(product: StandInProduct, path: string): string {
  if (!path.startsWith('/rest/')) return path;
  const stripped = path.replace(/\/+$/, '').replace(/\.(json|xml)$/, '');
  if (product === 'jira')
    return stripped.replace(/^\/rest\/api\/(latest|2\.0\.alpha1)(?=\/|$)/, '/rest/api/2');
  if (product === 'bitbucket') return stripped.replace(/^\/rest\/([^/]+)\/1\.0(?=\/|$)/, '/rest/$1/latest');
  return stripped;
}

/** Finds the resource the way Tomcat and the product do it, with every leniency that they have. */
export function mapTarget(product: StandInProduct, contextPath: string, target: string): Mapping {
  const { authority, rawPath, rawQuery } = splitTarget(target);
  if (ILLEGAL_IN_TARGET.test(rawPath) || /[\s#"<>]/.test(rawQuery)) return { refused: 400 };
  if (!rawPath.startsWith('/')) return { refused: 400 };
  const sessionId = /;jsessionid=([^;/]*)/i.exec(rawPath)?.[1] ?? null;
  const withoutParameters = rawPath.replace(/;[^/]*/g, '');
  if (/%2f|%5c|%00/i.test(withoutParameters)) return { refused: 400 };
  const decoded = decodeOnce(withoutParameters);
  const normalized = decoded === null ? null : normalizePath(decoded);
  if (normalized === null) return { refused: 400 };
  if (contextPath !== '' && normalized !== contextPath && !normalized.startsWith(`${contextPath}/`)) {
    return { refused: 404 };
  }
  const below = normalized.slice(contextPath.length) || '/';
  const rawBelow = rawPath.startsWith(contextPath) ? rawPath.slice(contextPath.length) : rawPath;
  const forwarded = forwardStaticAlias(product, below, rawBelow);
  if (forwarded === null) return { refused: 400 };
  return { path: canonicalResource(product, forwarded), rawPath, rawQuery, sessionId, authority };
}
