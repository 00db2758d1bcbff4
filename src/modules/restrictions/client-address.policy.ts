import { normaliseIp } from '../../lib/ip-set.js';
import type { ReverseProxyRule } from './restrictions.port.js';

const COMMA = ',';
/** More hops than any real chain of proxies has. */
const MOST_HOPS = 100;
const LARGEST_PORT = 65_535;

/** One address of the walk through the header, as it was sent and as it was read. */
export interface Hop {
  readonly value: string;
  /** Undefined: it cannot be read, and the walk ends without a client. */
  readonly address: string | undefined;
  /** False: the walk ends here, this is the client. */
  readonly trusted: boolean;
}

/**
 * The address of the client: the peer, unless the peer is a trusted proxy; then the first address from the
 * right of the configured header that is no trusted proxy (all trusted: the leftmost). Undefined when a trusted
 * proxy sends no header, or one that cannot be read as far as the walk goes: then nobody knows the client. `note` is told every hop.
 */
export function clientAddress(
  peerIp: string,
  rawHeaders: readonly string[],
  rule: ReverseProxyRule,
  note?: (hop: Hop) => void,
): string | undefined {
  if (!rule.enabled || !rule.isTrusted(peerIp)) return peerIp;
  let address: string | undefined;
  let hops = 0;
  // Several field lines are one list, joined in the order in which they came (RFC 9110 section 5.3).
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    if (!isField(rawHeaders[i] as string, rule.header)) continue;
    const line = rawHeaders[i + 1] as string;
    for (let end = line.length; end >= 0;) {
      const comma = end === 0 ? -1 : line.lastIndexOf(COMMA, end - 1);
      const value = line.slice(comma + 1, end);
      address = parseHop(value);
      const trusted = address !== undefined && rule.isTrusted(address);
      note?.({ value: trimBlanks(value), address, trusted });
      if (address === undefined || ++hops > MOST_HOPS) return undefined;
      if (!trusted) return address;
      end = comma;
    }
  }
  return address;
}

/** The lines of the configured header, in the order in which they came. */
export function headerLines(rawHeaders: readonly string[], rule: ReverseProxyRule): string[] {
  return rawHeaders.filter((_value, i) => i % 2 === 1 && isField(rawHeaders[i - 1] as string, rule.header));
}

function isField(name: string, lowerCaseName: string): boolean {
  return name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName;
}

/** `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:443`; undefined for all else. */
function parseHop(element: string): string | undefined {
  const hop = trimBlanks(element);
  if (hop.startsWith('[')) {
    const close = hop.indexOf(']');
    if (close < 0 || !isPortSuffix(hop.slice(close + 1))) return undefined;
    const inner = hop.slice(1, close);
    return inner.includes(':') ? normaliseIp(inner) : undefined;
  }
  const colon = hop.indexOf(':');
  // One colon only: an IPv4 address with a port.
  if (colon >= 0 && colon === hop.lastIndexOf(':')) {
    return isPortSuffix(hop.slice(colon)) ? normaliseIp(hop.slice(0, colon)) : undefined;
  }
  return normaliseIp(hop);
}

/** Blanks and tabs are what lists may hold around their elements (RFC 9110 section 5.6.3). */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

function isPortSuffix(text: string): boolean {
  return text === '' || (/^:\d{1,5}$/.test(text) && Number(text.slice(1)) <= LARGEST_PORT);
}
