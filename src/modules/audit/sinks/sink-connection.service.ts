import { lookup } from 'node:dns';
import { lookup as resolve } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import { isForbiddenSinkAddress } from '../sink-address.policy.js';

/** The name of a sink leads to an address that no collector has, for example a metadata service. */
export class SinkAddressError extends Error {
  override readonly name = 'SinkAddressError';
}

/** Refuses literal addresses; names are checked by `sinkLookup` when they are resolved. Throws `SinkAddressError`. */
export function checkSinkHost(host: string): void {
  const plain = host.replace(/^\[|\]$/g, '');
  if (isIP(plain) !== 0 && isForbiddenSinkAddress(plain))
    throw new SinkAddressError('The address is not allowed.');
}

/**
 * Resolves a name and refuses addresses that are not allowed. The connection goes to exactly the addresses that
 * were checked, so that a name server cannot give another one in between (DNS rebinding).
 */
export const sinkLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) {
      callback(error, '');
      return;
    }
    const first = addresses[0];
    if (!first || addresses.some(({ address }) => isForbiddenSinkAddress(address))) {
      callback(new SinkAddressError('The name leads to an address that is not allowed.'), '');
    } else if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

/** The address to send datagrams to: checked as by `sinkLookup`. Throws `SinkAddressError`. */
export async function sinkAddress(
  host: string,
): Promise<{ readonly address: string; readonly family: number }> {
  const addresses = await resolve(host, { all: true });
  const first = addresses[0];
  if (!first || addresses.some(({ address }) => isForbiddenSinkAddress(address))) {
    throw new SinkAddressError('The name leads to an address that is not allowed.');
  }
  return first;
}
