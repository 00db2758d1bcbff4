import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';

/** A single address or a CIDR range, as numbers. IPv4-mapped IPv6 counts as IPv4. */
export interface IpEntry {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
  /** The one spelling of it: `10.0.0.0/8`, `2001:db8::1`. Host bits below the prefix are cleared. */
  readonly text: string;
}

interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

interface IpRange {
  readonly first: bigint;
  readonly last: bigint;
}

/** The longest textual address: a mapped address with eight groups has 45 characters. */
const LONGEST_ADDRESS = 45;
const LONGEST_ENTRY = LONGEST_ADDRESS + '/128'.length;
/** IPv6 addresses whose answer a set remembers. */
const REMEMBERED_ADDRESSES = 1024;
const MAPPED_PREFIX = 0xffffn;
const MAPPED_BITS = 96;

const ZERO = 48;
const NINE = 57;
const DOT = 46;

/**
 * The number of a dotted address in strict decimal form, or -1. Octal, hexadecimal and short forms, which C
 * libraries read differently from each other, are no addresses here.
 */
function parseIpv4(text: string): number {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (octet < 0 || ++dots > 3) return -1;
      value = value * 256 + octet;
      octet = -1;
    } else {
      // A second digit after a leading zero would be octal for some readers.
      if (code < ZERO || code > NINE || octet === 0) return -1;
      octet = (octet < 0 ? 0 : octet * 10) + code - ZERO;
      if (octet > 255) return -1;
    }
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : -1;
}

function ipv4Text(value: bigint): string {
  const number = Number(value);
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

/** `::ffff:1.2.3.4` with its dotted end as two groups; ipaddr.js alone reads `::1.2.3.4` as a mapped address. */
function withoutDottedEnd(text: string): string {
  const start = text.lastIndexOf(':') + 1;
  const value = parseIpv4(text.slice(start));
  if (value < 0) return text;
  return `${text.slice(0, start)}${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
}

function parseIpv6(text: string): bigint | undefined {
  // Zone ids (RFC 4007) mean something on one machine only, so they never match anything.
  if (text.includes('%') || !isIPv6(text)) return undefined;
  const { parts } = ipaddr.IPv6.parse(text.includes('.') ? withoutDottedEnd(text) : text);
  let value = 0n;
  for (const part of parts) value = (value << 16n) | BigInt(part);
  return value;
}

function ipv6Text(value: bigint): string {
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((value >> shift) & 0xffffn));
  return new ipaddr.IPv6(groups).toRFC5952String();
}

function parseAddress(text: string): Address | undefined {
  if (text.length > LONGEST_ADDRESS) return undefined;
  const ipv4 = parseIpv4(text);
  if (ipv4 >= 0) return { family: 4, value: BigInt(ipv4) };
  const ipv6 = parseIpv6(text);
  if (ipv6 === undefined) return undefined;
  if (ipv6 >> 32n === MAPPED_PREFIX) return { family: 4, value: ipv6 & 0xffffffffn };
  return { family: 6, value: ipv6 };
}

/** The prefix length behind the slash, at most `bits`; -1 when it is no plain decimal number. */
function parsePrefix(text: string, bits: number): number {
  if (!/^(?:0|[1-9]\d{0,2})$/.test(text)) return -1;
  const prefix = Number(text);
  return prefix <= bits ? prefix : -1;
}

function textOf(family: 4 | 6, value: bigint): string {
  return family === 4 ? ipv4Text(value) : ipv6Text(value);
}

/**
 * Reads an address or a CIDR range in strict form; undefined when it is neither. A mapped range of 96 bits or
 * more (`::ffff:0:0/96`) is the IPv4 range it stands for; a shorter one holds IPv6 addresses only.
 */
export function parseIpEntry(text: string): IpEntry | undefined {
  if (text.length > LONGEST_ENTRY) return undefined;
  const slash = text.indexOf('/');
  if (slash < 0) {
    const address = parseAddress(text);
    if (!address) return undefined;
    const { family, value } = address;
    return { family, first: value, last: value, text: textOf(family, value) };
  }
  return parseRange(text.slice(0, slash), text.slice(slash + 1));
}

function parseRange(addressText: string, prefixText: string): IpEntry | undefined {
  const plain = parseIpv4(addressText);
  if (plain >= 0) return range(4, BigInt(plain), parsePrefix(prefixText, 32));
  const value = addressText.length > LONGEST_ADDRESS ? undefined : parseIpv6(addressText);
  if (value === undefined) return undefined;
  const prefix = parsePrefix(prefixText, 128);
  if (value >> 32n === MAPPED_PREFIX && prefix >= MAPPED_BITS) {
    return range(4, value & 0xffffffffn, prefix - MAPPED_BITS);
  }
  return range(6, value, prefix);
}

function range(family: 4 | 6, value: bigint, prefix: number): IpEntry | undefined {
  if (prefix < 0) return undefined;
  const bits = family === 4 ? 32 : 128;
  const size = 1n << BigInt(bits - prefix);
  const first = value - (value % size);
  const address = textOf(family, first);
  return { family, first, last: first + size - 1n, text: prefix === bits ? address : `${address}/${prefix}` };
}

/** The one spelling of an address (mapped IPv4 as IPv4, RFC 5952 for IPv6); undefined when it is none. */
export function normaliseIp(text: string): string | undefined {
  if (parseIpv4(text) >= 0) return text;
  const address = parseAddress(text);
  return address && textOf(address.family, address.value);
}

/** Sorted and merged, so that one binary search decides. */
function mergeRanges(entries: readonly IpEntry[]): IpRange[] {
  const sorted = [...entries].sort((a, b) => (a.first < b.first ? -1 : Number(a.first > b.first)));
  const merged: IpRange[] = [];
  for (const { first, last } of sorted) {
    const before = merged.at(-1);
    if (before === undefined || first > before.last + 1n) merged.push({ first, last });
    else if (last > before.last) merged[merged.length - 1] = { first: before.first, last };
  }
  return merged;
}

function compileRanges<N extends number | bigint>(
  entries: readonly IpEntry[],
  convert: (value: bigint) => N,
): (value: N) => boolean {
  const merged = mergeRanges(entries);
  const firsts = merged.map((entry) => convert(entry.first));
  const lasts = merged.map((entry) => convert(entry.last));
  return (value) => {
    let low = 0;
    let high = firsts.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if ((firsts[middle] as N) > value) high = middle - 1;
      else if ((lasts[middle] as N) < value) low = middle + 1;
      else return true;
    }
    return false;
  };
}

function entryOf(text: string): IpEntry {
  const entry = parseIpEntry(text);
  if (!entry) throw new Error(`"${text.slice(0, LONGEST_ENTRY)}" is neither an address nor a CIDR range.`);
  return entry;
}

/**
 * A set of addresses and CIDR ranges. The answer is false for anything that is no address. IPv4 needs no
 * memory; answers for IPv6 texts are remembered in a bounded cache. Throws for a faulty entry.
 */
export function compileIpSet(entries: readonly string[]): (address: string) => boolean {
  const parsed = entries.map(entryOf);
  if (parsed.length === 0) return () => false;
  const holdsIpv4 = compileRanges(
    parsed.filter((entry) => entry.family === 4),
    Number,
  );
  const holdsIpv6 = compileRanges(
    parsed.filter((entry) => entry.family === 6),
    (value) => value,
  );
  // Made at the first IPv6 address: thousands of tokens may have a set each, most of which never see one.
  let remembered: LRUCache<string, boolean> | undefined;
  return (text) => {
    const ipv4 = parseIpv4(text);
    if (ipv4 >= 0) return holdsIpv4(ipv4);
    remembered ??= new LRUCache<string, boolean>({ max: REMEMBERED_ADDRESSES });
    const known = remembered.get(text);
    if (known !== undefined) return known;
    const address = parseAddress(text);
    // Not remembered: junk from outside must not push real addresses out.
    if (!address) return false;
    const answer = address.family === 4 ? holdsIpv4(Number(address.value)) : holdsIpv6(address.value);
    remembered.set(text, answer);
    return answer;
  };
}
