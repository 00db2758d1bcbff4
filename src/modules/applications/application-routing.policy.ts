import type { RequestHead } from '../decisions/exchange.port.js';
import type { Application, ApplicationsSnapshot } from './applications.port.js';

export interface Route {
  readonly application: Application;
  /** The canonical path below the application's prefix; always begins with a slash. */
  readonly policyPath: string;
}

const SLASH = 47;
const LOGIN_PARAMETERS = new Set(['os_username', 'os_password']);

/** The host of a Host field in lower case, without port and without the dot that ends an absolute name. */
export function hostnameOf(host: string): string {
  const end = host.charCodeAt(0) === 91 ? host.indexOf(']') + 1 || host.length : endOfName(host);
  return (end === host.length ? host : host.slice(0, end)).toLowerCase();
}

function endOfName(host: string): number {
  const colon = host.indexOf(':');
  const end = colon === -1 ? host.length : colon;
  return end > 1 && host.charCodeAt(end - 1) === 46 ? end - 1 : end;
}

/**
 * The application that serves a path on a host, by the longest path prefix, compared with case, at a segment
 * boundary. An application with a host name is found only on that host, and before those without one.
 * `host` is lower case and has no port. Synchronous; undefined when there is none.
 */
export function routeApplication(
  snapshot: ApplicationsSnapshot,
  host: string,
  path: string,
): Route | undefined {
  const onHost = snapshot.byHostname.size === 0 ? undefined : snapshot.byHostname.get(host);
  return (onHost && longestPrefix(onHost, path)) ?? longestPrefix(snapshot.byPrefix, path);
}

/** The list is sorted by falling length of the prefix, so that the first match is the longest. */
function longestPrefix(applications: readonly Application[], path: string): Route | undefined {
  for (const application of applications) {
    const { length } = application.pathPrefix;
    if (length === 0) return { application, policyPath: path };
    if (!path.startsWith(application.pathPrefix)) continue;
    if (path.length === length) return { application, policyPath: '/' };
    if (path.charCodeAt(length) === SLASH) return { application, policyPath: path.slice(length) };
  }
  return undefined;
}

/**
 * True for API traffic: a path under `/rest` or `/rpc` (in any case: stricter than the products), or any path
 * when the request carries an API credential.
 */
export function isApiTraffic(
  head: Pick<RequestHead, 'authorization' | 'apiToken' | 'query'>,
  policyPath: string,
): boolean {
  if (head.authorization !== undefined || head.apiToken !== undefined) return true;
  return isBelow(policyPath, '/rest') || isBelow(policyPath, '/rpc') || hasLoginParameters(head.query);
}

function isBelow(path: string, folder: string): boolean {
  const { length } = folder;
  if (path.length !== length && path.charCodeAt(length) !== SLASH) return false;
  return path.slice(0, length).toLowerCase() === folder;
}

/** True when the query, with its leading `?`, names `os_username` or `os_password`, encoded or not. */
export function hasLoginParameters(query: string): boolean {
  if (query.length < 2 || !(query.includes('os_') || query.includes('%'))) return false;
  for (const pair of query.slice(1).split('&')) {
    const equals = pair.indexOf('=');
    const name = equals === -1 ? pair : pair.slice(0, equals);
    if (LOGIN_PARAMETERS.has(decodedName(name))) return true;
  }
  return false;
}

/** Lenient as the products are: a broken escape leaves the rest readable instead of hiding the name. */
function decodedName(name: string): string {
  if (!name.includes('%')) return name;
  return name.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
