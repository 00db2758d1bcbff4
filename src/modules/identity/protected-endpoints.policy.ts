import { compilePatternSet } from '../../lib/ant-pattern.js';
import type { PatternSet } from '../../lib/ant-pattern.js';
import type { Application } from '../applications/applications.port.js';

/** First segment below `/rest`: they make credentials or sessions, change logins, or install code. */
const PROTECTED_APIS = new Set([
  'pat',
  'access-tokens',
  'oauth',
  'oauth2',
  'oauth2-client',
  'applinks',
  'applinks-oauth',
  'auth',
  'tsv',
  'authconfig',
  'basicauth',
  'usermanagement',
  'plugins',
  'secrets',
]);
/** First segment below `/rest`: reading is harmless, writing makes a credential. */
const KEY_APIS = new Set(['ssh', 'gpg', 'keys']);
/** First segment below `/plugins/servlet`. */
const PROTECTED_SERVLETS = new Set([
  'oauth',
  'applinks',
  'embedded-crowd',
  'upm',
  'personal-access-tokens',
  'access-tokens',
  'oauth2',
  'ssh',
]);
/** First segment of other paths. */
const PROTECTED_FOLDERS = new Set([
  'rpc',
  'setup',
  'json',
  'template',
  'j_atl_security_check',
  'login',
  'logout',
]);
const PROTECTED_PAGES = new Set(['server-info.action', 'login.jsp', 'login.action', 'dologin.action']);
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
const compiled = new WeakMap<readonly string[], PatternSet<true>>();
const PASSWORD_RESOURCES = new Set(['password', 'credentials']);

/**
 * True when a call with an injected identity must be refused (`endpoint_protected`): the endpoint makes or
 * changes credentials, sessions or logins, or takes part in the set-up of the server. Compared without case;
 * version aliases and `.json`-like suffixes make no difference. False where the admin opened the endpoint.
 */
export function isProtectedEndpoint(
  application: Pick<Application, 'openedEndpoints'>,
  policyPath: string,
  method: string,
): boolean {
  if (!isListed(policyPath, READING.has(method))) return false;
  return openedBy(application.openedEndpoints).match(policyPath) === undefined;
}

/** Lists live as long as their snapshot, so each is compiled once. */
function openedBy(patterns: readonly string[]): PatternSet<true> {
  const known = compiled.get(patterns);
  if (known) return known;
  const set = compilePatternSet(patterns.map((pattern) => ({ pattern, value: true as const })));
  compiled.set(patterns, set);
  return set;
}

function isListed(path: string, reading: boolean): boolean {
  const first = segmentAt(path, 1);
  if (first === 'rest') return isListedApi(path, reading);
  if (first === 'plugins') return isListedServlet(path);
  return PROTECTED_FOLDERS.has(first) || PROTECTED_PAGES.has(first) || first.startsWith('setup');
}

function isListedApi(path: string, reading: boolean): boolean {
  const start = '/rest/'.length;
  const api = withoutSuffix(segmentAt(path, start));
  if (PROTECTED_APIS.has(api)) return true;
  if (reading) return false;
  if (KEY_APIS.has(api)) return true;
  const end = path.endsWith('/') ? path.length - 1 : path.length;
  const last = path.slice(path.lastIndexOf('/', end - 1) + 1, end).toLowerCase();
  return PASSWORD_RESOURCES.has(withoutSuffix(last));
}

function isListedServlet(path: string): boolean {
  if (segmentAt(path, '/plugins/'.length) !== 'servlet') return false;
  const start = '/plugins/servlet/'.length;
  const servlet = segmentAt(path, start);
  if (servlet === 'gadgets') return segmentAt(path, start + 'gadgets/'.length) === 'makerequest';
  return PROTECTED_SERVLETS.has(servlet);
}

/** The segment that begins at an index, in lower case; empty beyond the end. */
function segmentAt(path: string, start: number): string {
  const slash = path.indexOf('/', start);
  return path.slice(start, slash === -1 ? path.length : slash).toLowerCase();
}

/** The products strip `.json`, `.xml` and the like and take them as what the caller accepts. */
function withoutSuffix(segment: string): string {
  const dot = segment.indexOf('.');
  return dot === -1 ? segment : segment.slice(0, dot);
}
