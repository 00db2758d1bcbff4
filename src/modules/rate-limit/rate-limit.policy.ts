import { createHash } from 'node:crypto';
import type { WindowCount } from '../../lib/sliding-windows.js';
import { SnapshotSlot } from '../../platform/change-feed/snapshot.js';
import type { Snapshot } from '../../platform/change-feed/snapshot.js';
import type { CredentialKind, Exchange, Principal } from '../decisions/exchange.port.js';
import { addressKey } from './address-key.policy.js';
import { DEFAULT_RATE_LIMIT, secondsOf } from './rate-limit-settings.policy.js';
import type { RateLimitSettings, RateWindow } from './rate-limit-settings.policy.js';

const LONGEST_KEY = 300;

/** One limit, with everything that does not change from request to request worked out. */
export interface LimitPolicy {
  readonly name: string;
  readonly limit: number;
  readonly windowSeconds: number;
  readonly windowMs: number;
  /** Names and values of the answer fields that are the same in every answer under this rule. */
  readonly fixedHeaders: readonly string[];
}

/** A limit of requests. */
export interface LimitRule extends LimitPolicy {
  readonly name: 'default' | 'group' | 'token';
}

/** Somebody who calls without a credential: known by an address only. */
export interface AnonymousCaller {
  /** An IPv4 address, or the /64 of an IPv6 address. */
  readonly address: string;
}

/** Who is counted. */
export type LimitedCaller = Principal | AnonymousCaller;

/** True for somebody without a credential. */
export function isAnonymous(caller: LimitedCaller): caller is AnonymousCaller {
  return 'address' in caller;
}

/** The settings in the form in which requests are decided. */
export interface RateLimits {
  readonly enabled: boolean;
  readonly kinds: ReadonlySet<CredentialKind>;
  readonly standard: LimitRule;
  readonly byToken: ReadonlyMap<string, LimitRule>;
  /** The most generous first; names in lower case. */
  readonly byGroup: readonly { readonly group: string; readonly rule: LimitRule }[];
  /** The rule of a principal that was seen under these very settings: groups need not be searched again. */
  readonly known: WeakMap<Principal, LimitRule>;
  readonly failures: LimitPolicy;
}

/** Works the settings out for requests. Pure. */
export function compileRateLimits(settings: RateLimitSettings): RateLimits {
  const byToken = new Map<string, LimitRule>();
  const byGroup: { group: string; rule: LimitRule }[] = [];
  for (const { group, tokenId, requests, window } of settings.overrides) {
    if (tokenId !== undefined) byToken.set(tokenId, limitPolicy('token', requests, window));
    if (group !== undefined)
      byGroup.push({ group: group.toLowerCase(), rule: limitPolicy('group', requests, window) });
  }
  byGroup.sort((a, b) => moreGenerous(b.rule, a.rule));
  return {
    enabled: settings.enabled,
    kinds: new Set(settings.credentials),
    standard: limitPolicy('default', settings.requests, settings.window),
    byToken,
    byGroup,
    known: new WeakMap(),
    failures: limitPolicy('failed-authentications', settings.failedAuthentications.perMinute, {
      value: 1,
      unit: 'minute',
    }),
  };
}

/**
 * Who is counted: the principal, or the address of a call that was let through without a credential. Throws for
 * every other request: a covered one must not slip by uncounted.
 */
export function callerOf({ principal, credential, decision, clientIp }: Exchange): LimitedCaller {
  if (principal) return principal;
  const anonymous = decision?.verdict === 'forward' && decision.kind === 'anonymous';
  if (!anonymous || credential.kind !== 'none')
    throw new Error('The rate-limit step was reached without a principal.');
  return { address: addressKey(clientIp) };
}

/**
 * The limit of a caller: its token's own, else that of its groups, else the default. With overrides for
 * several of its groups the most generous holds: the most requests per second, then the most requests.
 */
export function ruleFor(limits: RateLimits, principal: LimitedCaller): LimitRule {
  if (isAnonymous(principal)) return limits.standard;
  const { kind, id } = principal.credential;
  if (limits.byToken.size > 0 && kind === 'api-token' && id !== undefined) {
    const own = limits.byToken.get(id);
    if (own) return own;
  }
  if (limits.byGroup.length === 0) return limits.standard;
  let rule = limits.known.get(principal);
  if (!rule) {
    rule = limits.byGroup.find(({ group }) => principal.groupKeys.has(group))?.rule ?? limits.standard;
    limits.known.set(principal, rule);
  }
  return rule;
}

/**
 * What a caller is counted under: an API token by its id, other credentials by user and kind, nobody by address.
 * Never the route and never the text of a field, so no spelling of a request opens another window.
 */
export function counterKey(principal: LimitedCaller): string {
  if (isAnonymous(principal)) return `none|${principal.address}`;
  const { kind, id } = principal.credential;
  if (kind === 'api-token' && id !== undefined) return id;
  const key = `${kind}|${principal.username.normalize('NFC').toLowerCase()}`;
  return key.length <= LONGEST_KEY ? key : `${kind}|#${createHash('sha256').update(key).digest('base64url')}`;
}

/** True when the limit of this kind of caller can depend on groups. */
export function limitsByGroup(snapshot: Snapshot, kind: CredentialKind): boolean {
  const { enabled, kinds, byGroup } = RATE_LIMITS.of(snapshot);
  return enabled && byGroup.length > 0 && kinds.has(kind);
}

/** Adds the answer fields of the IETF draft (ratelimit-headers-11) and those that Jira's clients read. */
export function addRateHeaders(headers: string[], rule: LimitPolicy, count: WindowCount): void {
  const remaining = count.limit - count.used;
  headers.push(...rule.fixedHeaders, 'RateLimit');
  headers.push(
    `"${rule.name}";r=${remaining};t=${Math.ceil(count.waitMs / 1000)}`,
    'X-RateLimit-Remaining',
    String(remaining),
  );
}

/** Positive when `a` allows more requests per second than `b`, or as many in a longer window. */
function moreGenerous(a: LimitRule, b: LimitRule): number {
  return a.limit / a.windowSeconds - b.limit / b.windowSeconds || a.limit - b.limit;
}

/** A limit with its policy, size and interval as the IETF draft and as Jira's clients read them. */
export function limitPolicy<N extends string>(
  name: N,
  limit: number,
  window: RateWindow,
): LimitPolicy & { readonly name: N } {
  const windowSeconds = secondsOf(window);
  const fixedHeaders = [
    'RateLimit-Policy',
    `"${name}";q=${limit};w=${windowSeconds}`,
    'X-RateLimit-Limit',
    String(limit),
    'X-RateLimit-Interval-Seconds',
    String(windowSeconds),
    'X-RateLimit-FillRate',
    String(limit),
  ];
  return { name, limit, windowSeconds, windowMs: windowSeconds * 1000, fixedHeaders };
}

export const RATE_LIMITS = new SnapshotSlot<RateLimits>('rate-limit', compileRateLimits(DEFAULT_RATE_LIMIT));
