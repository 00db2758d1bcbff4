import { compileIpSet, parseIpEntry } from '../../lib/ip-set.js';
import type { FieldFault } from '../../platform/http/problem.js';
import { decideAddress } from './address.policy.js';
import { clientAddress } from './client-address.policy.js';
import type { IpRestrictions, RestrictionMode } from './restrictions.port.js';

/** The IP restrictions as they are stored and answered. */
export interface IpSettings {
  readonly enabled: boolean;
  readonly allowed: readonly string[];
  readonly reverseProxy: {
    readonly enabled: boolean;
    readonly header: string;
    readonly trustedProxies: readonly string[];
  };
  readonly mode: RestrictionMode;
}

/** Where a request of the control plane came from, as the data plane would see it. */
export interface Origin {
  readonly peerIp: string;
  readonly rawHeaders: readonly string[];
}

export const IP_SETTINGS_KEY = 'restrictions/ip';

export const DEFAULT_IP_SETTINGS: IpSettings = {
  enabled: false,
  allowed: [],
  reverseProxy: { enabled: false, header: 'X-Forwarded-For', trustedProxies: [] },
  mode: 'enforce',
};

const MOST_FAULTS = 20;
/** Fields that carry something else than a plain list of addresses. */
const UNUSABLE_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'forwarded',
  'host',
  'transfer-encoding',
  'user-agent',
  'x-api-token',
]);

/** What is wrong with the settings, at most twenty faults. */
export function ipSettingsFaults(settings: IpSettings): FieldFault[] {
  const { reverseProxy } = settings;
  const faults = [
    ...entryFaults('allowed', settings.allowed),
    ...entryFaults('reverseProxy.trustedProxies', reverseProxy.trustedProxies),
    ...wholeInternetFaults(reverseProxy.trustedProxies),
  ];
  if (settings.enabled && settings.allowed.length === 0) {
    faults.push({ field: 'allowed', message: 'must hold at least one address or range while it is enabled' });
  }
  if (reverseProxy.enabled && reverseProxy.trustedProxies.length === 0) {
    const message = 'must name the addresses of the proxies: the header of anybody else is not believed';
    faults.push({ field: 'reverseProxy.trustedProxies', message });
  }
  if (UNUSABLE_HEADERS.has(reverseProxy.header.toLowerCase())) {
    faults.push({
      field: 'reverseProxy.header',
      message: 'must be a header that carries a list of addresses',
    });
  }
  return faults.slice(0, MOST_FAULTS);
}

function entryFaults(field: string, entries: readonly string[]): FieldFault[] {
  const faults: FieldFault[] = [];
  entries.forEach((entry, index) => {
    if (parseIpEntry(entry)) return;
    faults.push({
      field: `${field}[${index}]`,
      message: 'must be an IPv4 or IPv6 address, or a range such as 10.0.0.0/8',
    });
  });
  return faults;
}

/** Trusting every address would let every caller choose an address. */
function wholeInternetFaults(entries: readonly string[]): FieldFault[] {
  return entries.flatMap((entry, index) =>
    parseIpEntry(entry)?.text.endsWith('/0')
      ? [{ field: `reverseProxy.trustedProxies[${index}]`, message: 'must not hold every address there is' }]
      : [],
  );
}

/** Every entry in its one spelling, each once. Only for settings without faults. */
export function tidyIpSettings(settings: IpSettings): IpSettings {
  const { reverseProxy } = settings;
  return {
    enabled: settings.enabled,
    allowed: tidyEntries(settings.allowed),
    reverseProxy: { ...reverseProxy, trustedProxies: tidyEntries(reverseProxy.trustedProxies) },
    mode: settings.mode,
  };
}

function tidyEntries(entries: readonly string[]): string[] {
  return [...new Set(entries.map((entry) => parseIpEntry(entry)?.text ?? entry))];
}

/** Stored settings as the hot path reads them. Throws for entries that `ipSettingsFaults` faults. */
export function compileIpSettings(settings: IpSettings): IpRestrictions {
  return {
    enabled: settings.enabled,
    isAllowed: compileIpSet(settings.allowed),
    reverseProxy: {
      enabled: settings.reverseProxy.enabled,
      header: settings.reverseProxy.header.toLowerCase(),
      isTrusted: compileIpSet(settings.reverseProxy.trustedProxies),
    },
    mode: settings.mode,
  };
}

/** True when these rules would refuse a request that comes the way this one came. */
export function wouldLockOut(rules: IpRestrictions, origin: Origin): boolean {
  const address = clientAddress(origin.peerIp, origin.rawHeaders, rules.reverseProxy);
  return rules.mode === 'enforce' && decideAddress(rules, address) !== undefined;
}
