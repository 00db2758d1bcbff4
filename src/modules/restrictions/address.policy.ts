import type { Denial } from '../decisions/exchange.port.js';
import { deny } from '../decisions/pipeline.port.js';
import type { IpRestrictions } from './restrictions.port.js';

const UNKNOWN_CLIENT = deny('ip_not_allowed', {
  detail: 'A trusted proxy sent no client address, or one that cannot be read.',
});

/**
 * `ip_not_allowed` when the IP rules are on and the client's address is not listed or not known; else
 * undefined. The mode (enforce or report) is the caller's to apply.
 */
export function decideAddress(rules: IpRestrictions, clientIp: string | undefined): Denial | undefined {
  if (!rules.enabled) return undefined;
  if (clientIp === undefined) return UNKNOWN_CLIENT;
  if (rules.isAllowed(clientIp)) return undefined;
  return deny('ip_not_allowed', { detail: `${clientIp} is not in the list of allowed addresses.` });
}
