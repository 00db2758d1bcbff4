import ipaddr from 'ipaddr.js';

const FORBIDDEN_RANGES = new Set(['linkLocal', 'unspecified', 'multicast', 'broadcast']);

/** Metadata services outside the link-local ranges. */
const METADATA_ADDRESSES = new Set(['fd00:ec2::254', '100.100.100.200', '168.63.129.16']);

/**
 * True for addresses that no collector of events has: link-local ones (cloud metadata services), multicast,
 * broadcast, unspecified. Private and loopback addresses are allowed: that is where collectors are.
 */
export function isForbiddenSinkAddress(address: string): boolean {
  const ip = ipaddr.process(address);
  const embedded = ip.kind() === 'ipv6' ? embeddedIpv4(ip as ipaddr.IPv6) : undefined;
  if (embedded) return isForbiddenSinkAddress(embedded);
  return FORBIDDEN_RANGES.has(ip.range()) || METADATA_ADDRESSES.has(ip.toString());
}

/** The IPv4 address inside a translated IPv6 one (NAT64, RFC 6052; 6to4, RFC 3056). */
function embeddedIpv4(ip: ipaddr.IPv6): string | undefined {
  const bytes = ip.toByteArray();
  if (ip.range() === 'rfc6052') return bytes.slice(12).join('.');
  return ip.range() === '6to4' ? bytes.slice(2, 6).join('.') : undefined;
}
