import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import type { ClientAddressPort } from '../access/access.port.js';
import { clientAddress } from './client-address.policy.js';
import { IP_RESTRICTIONS } from './restrictions.port.js';

/** The address of control-plane callers by the reverse proxy rule of the data plane. */
@Injectable()
export class ControlAddressService implements ClientAddressPort {
  constructor(@Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort) {}

  of(peer: string, headers: Readonly<Record<string, string | string[] | undefined>>): string {
    const { reverseProxy } = IP_RESTRICTIONS.of(this.changeFeed.current);
    const value = headers[reverseProxy.header];
    if (value === undefined) return peer;
    // Node joins repeated fields with a comma, in their order.
    const line = typeof value === 'string' ? value : value.join(', ');
    return clientAddress(peer, [reverseProxy.header, line], reverseProxy) ?? peer;
  }
}
