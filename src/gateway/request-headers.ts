import type { Exchange } from '../modules/decisions/exchange.port.js';
import type { HeaderRules } from './header-rules.js';

/** Whose credential goes upstream. */
export type HeaderMode =
  /** Restgate acts as the user: the caller's credentials, cookies and browser fields stay behind. */
  | 'identity'
  /** The caller's Authorization goes on, cookies stay behind. */
  | 'own-credential'
  /** Nobody: neither credentials nor cookies. */
  | 'anonymous'
  /** As it came, but for identity and hop-by-hop fields. */
  | 'as-is';

export interface Forwarding {
  readonly mode: HeaderMode;
  readonly upstreamHost: string;
  /** Scheme of the public URL. */
  readonly publicScheme: string;
  /** User-Agent sent with an injected identity. */
  readonly userAgent: string;
  /** Set where the credential is sent in another form than it came (os_username as Basic). */
  readonly authorization: string | undefined;
  /** True: the caller's Authorization stays behind. */
  readonly dropAuthorization: boolean;
  /** True: a body that was read into memory is sent with its own length. */
  readonly dropLength: boolean;
}

/**
 * The fields of the upstream request as alternating names and values: hop-by-hop fields and those that
 * Connection names are gone before ours are added (RFC 9110 section 7.6.1), identity headers in any case are
 * gone, forwarding headers are made anew.
 */
export function requestHeaders(exchange: Exchange, rules: HeaderRules, forwarding: Forwarding): string[] {
  const { rawHeaders, host, connection } = exchange.head;
  const { mode } = forwarding;
  const named = connection === undefined ? undefined : connectionNames(connection);
  const out: string[] = ['Host', forwarding.upstreamHost];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const rule = rules.of(rawHeaders[i] as string);
    if (rule.drop || named?.has(rule.name) || !survives(rule.name, rule, mode)) continue;
    if (
      rule.name === 'authorization' &&
      (forwarding.dropAuthorization || forwarding.authorization !== undefined)
    )
      continue;
    if (rule.name === 'content-length' && forwarding.dropLength) continue;
    out.push(rule.sent, rawHeaders[i + 1] as string);
  }
  if (forwarding.authorization !== undefined) out.push('Authorization', forwarding.authorization);
  if (mode === 'identity') out.push('User-Agent', forwarding.userAgent, 'X-Atlassian-Token', 'no-check');
  out.push(
    'X-Forwarded-For',
    exchange.clientIp,
    'X-Forwarded-Host',
    host,
    'X-Forwarded-Proto',
    forwarding.publicScheme,
    'X-Request-Id',
    exchange.id,
  );
  return out;
}

function survives(
  name: string,
  rule: { dropWithIdentity: boolean; credential: boolean },
  mode: HeaderMode,
): boolean {
  if (mode === 'as-is') return true;
  if (mode === 'identity') return !rule.dropWithIdentity && !rule.credential;
  if (name === 'cookie') return false;
  return mode === 'own-credential' || !rule.credential;
}

/** The lower case names that Connection fields list; undefined when there are none but the usual two. */
function connectionNames(connection: string): Set<string> | undefined {
  if (connection === 'keep-alive' || connection === 'close') return undefined;
  const names = new Set(connection.split(',').map((part) => part.trim().toLowerCase()));
  // What frames or decides the request cannot be taken away by naming it.
  for (const kept of ['content-length', 'content-type', 'content-encoding', 'host']) names.delete(kept);
  return names;
}
