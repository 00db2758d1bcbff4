import type { Principal } from '../decisions/exchange.port.js';
import type { GlobalSettings } from '../global-settings/global-settings.port.js';
import type { AccessLevel, Actor } from './access.port.js';

const RANK = { public: 0, user: 1, auditor: 2, admin: 3 } as const satisfies Record<AccessLevel, number>;
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** True when somebody of level `actual` may call a route that asks for `required`. */
export function mayCall(required: AccessLevel, actual: Actor['level']): boolean {
  return RANK[actual] >= RANK[required];
}

/**
 * The level of a proved principal. An API token is an admin's only by its scope `admin` (which only admins can
 * give) and only when it is not limited to applications or paths; with any other scope it is an ordinary
 * user's, whoever owns it. Other credentials count by the groups of their user, without case.
 */
export function levelOf(
  principal: Principal,
  settings: Pick<GlobalSettings, 'adminGroups' | 'auditorGroups'>,
): Actor['level'] {
  const { limits } = principal;
  if (limits) {
    const narrowed = limits.applications !== undefined || limits.allowsPath !== undefined;
    return limits.scope === 'admin' && !narrowed ? 'admin' : 'user';
  }
  if (principal.credential.kind === 'api-token') return 'user';
  if (isMember(principal, settings.adminGroups)) return 'admin';
  return isMember(principal, settings.auditorGroups) ? 'auditor' : 'user';
}

function isMember(principal: Principal, groups: readonly string[]): boolean {
  return groups.some((group) => principal.groupKeys.has(group.toLowerCase()));
}

/** True when the limits of an API token do not cover this control-plane request. */
export function exceedsToken(principal: Principal, method: string, clientIp: string): boolean {
  const { limits } = principal;
  if (!limits) return false;
  if (limits.allowsIp && !limits.allowsIp(clientIp)) return true;
  return limits.scope === 'read' && !SAFE_METHODS.has(method);
}

export interface BrowserRequest {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
}

/**
 * True for a change that a page of another site makes a browser send (CSRF). Browsers tell it by
 * `Sec-Fetch-Site` and `Origin`; programs send neither.
 */
export function isCrossSite(request: BrowserRequest, publicOrigin: string): boolean {
  if (SAFE_METHODS.has(request.method)) return false;
  const { fetchSite, origin, host } = request;
  // A page cannot set or remove Sec-Fetch-Site, so where a browser sends it, it decides.
  if (fetchSite !== undefined) return fetchSite !== 'same-origin' && fetchSite !== 'none';
  if (origin === undefined || origin === publicOrigin) return false;
  return host === undefined || (origin !== `http://${host}` && origin !== `https://${host}`);
}
