const COLON = 58;
const GROUPS_OF_SUBNET = 4;
const GROUPS = 8;

/**
 * What an address is counted as: an IPv4 address by itself, an IPv6 address by its /64, which is what one
 * customer or machine has at its disposal (RFC 6177). However it is spelled, the key is the same.
 */
export function addressKey(address: string): string {
  if (!hasColon(address)) return address;
  const mapped = /^::ffff:([\d.]+)$/i.exec(address);
  if (mapped) return mapped[1] as string;
  const text = withoutDottedEnd(address);
  const gap = text.indexOf('::');
  const head = groupsOf(gap < 0 ? text : text.slice(0, gap));
  const tail = gap < 0 ? [] : groupsOf(text.slice(gap + 2));
  const zeros = gap < 0 ? 0 : Math.max(0, GROUPS - head.length - tail.length);
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...tail];
  return `${groups.slice(0, GROUPS_OF_SUBNET).map(plainGroup).join(':')}::/64`;
}

function hasColon(address: string): boolean {
  for (let i = 0; i < address.length && i <= GROUPS_OF_SUBNET; i++) {
    if (address.charCodeAt(i) === COLON) return true;
  }
  return false;
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':', GROUPS);
}

function plainGroup(group: string): string {
  return group.toLowerCase().replace(/^0+(?=.)/, '');
}

/** Two groups stand for a dotted end; their value lies outside of the /64. */
function withoutDottedEnd(address: string): string {
  if (!address.includes('.')) return address;
  return `${address.slice(0, address.lastIndexOf(':') + 1)}0:0`;
}
