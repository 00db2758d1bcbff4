import ipaddr from 'ipaddr.js';

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1', '[::1]']);
const LONGEST_URL = 2000;

/** True for hosts that may be reached over plain http and at private addresses: loopback by name, and listed ones. */
export function isTrustedHost(hostname: string, allowedHosts: readonly string[]): boolean {
  const name = hostname.toLowerCase();
  return LOOPBACK_NAMES.has(name) || allowedHosts.includes(name);
}

/**
 * What is wrong with an endpoint of a provider; undefined when it may be called. https only, except loopback and
 * hosts in PROVIDER_ALLOWED_HOSTS; no credentials and no fragment; no private address written as a literal.
 */
export function faultOfUrl(text: string, allowedHosts: readonly string[]): string | undefined {
  if (text.length > LONGEST_URL || !URL.canParse(text)) return 'is not a URL.';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must start with https://.';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password.';
  if (text.includes('#')) return 'must not hold a fragment.';
  const trusted = isTrustedHost(url.hostname, allowedHosts);
  if (url.protocol === 'http:' && !trusted) {
    return 'must start with https:// (http is only for localhost and PROVIDER_ALLOWED_HOSTS).';
  }
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (!trusted && ipaddr.isValid(literal) && !isPublicAddress(literal)) {
    return 'names a private address; list the host in PROVIDER_ALLOWED_HOSTS if it is meant.';
  }
  return undefined;
}

/** True for global unicast addresses: not private, loopback, link-local, carrier-grade, multicast or reserved. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  return ipaddr.process(address).range() === 'unicast';
}
