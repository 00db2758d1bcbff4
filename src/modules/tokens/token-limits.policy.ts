import { compileAntPattern } from '../../lib/ant-pattern.js';
import { compileIpSet } from '../../lib/ip-set.js';
import type { TokenLimits } from '../decisions/exchange.port.js';

export const TOKEN_SCOPES = ['read', 'write', 'admin'] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

/** Limits as they are stored; null: everywhere. */
export interface StoredLimits {
  readonly scope: TokenScope;
  readonly applications: readonly string[] | null;
  readonly paths: readonly string[] | null;
  readonly allowedIps: readonly string[] | null;
}

/** The limits as the hot path asks them. Patterns and ranges are compiled at their first use. */
export function compileLimits(stored: StoredLimits): TokenLimits {
  const { scope, applications, paths, allowedIps } = stored;
  return {
    scope,
    ...(applications && { applications: new Set(applications) }),
    ...(paths && { allowsPath: lazily(() => anyOf(paths)) }),
    ...(allowedIps && { allowsIp: lazily(() => compileIpSet(allowedIps)) }),
  };
}

/** Equal for equal limits, so that tokens share one compiled object. */
export function limitsKey({ scope, applications, paths, allowedIps }: StoredLimits): string {
  if (!applications && !paths && !allowedIps) return scope;
  return JSON.stringify([scope, applications, paths, allowedIps]);
}

function anyOf(patterns: readonly string[]): (path: string) => boolean {
  const matchers = patterns.map((pattern) => compileAntPattern(pattern));
  return (path) => matchers.some((matches) => matches(path));
}

function lazily(compile: () => (text: string) => boolean): (text: string) => boolean {
  let compiled: ((text: string) => boolean) | undefined;
  return (text) => (compiled ??= compile())(text);
}
