import type { ReasonCode } from '../../lib/reasons.js';
import type { Denial, Exchange, Principal, TokenLimits } from '../decisions/exchange.port.js';
import { deny } from '../decisions/pipeline.port.js';
import { namesOneOf } from './restrictions.port.js';
import type { GroupRestrictions } from './restrictions.port.js';

/** What of a classified exchange the limits look at. */
export type LimitedCall = Pick<
  Exchange,
  'application' | 'head' | 'policyPath' | 'classification' | 'clientIp'
>;

const NONE: readonly ReasonCode[] = [];

/**
 * The group rules that speak against the call, in the order in which they deny. A user in a read-only group may
 * only read, also when an API access group lists them as well.
 */
export function groupFaults(
  rules: GroupRestrictions,
  groupKeys: ReadonlySet<string>,
  classification: 'read' | 'write',
): readonly ReasonCode[] {
  const noAccess = rules.apiAccess.enabled && !namesOneOf(rules.apiAccess, groupKeys);
  const readOnly =
    rules.readOnly.enabled && classification === 'write' && namesOneOf(rules.readOnly, groupKeys);
  if (!noAccess && !readOnly) return NONE;
  const faults: ReasonCode[] = [];
  if (noAccess) faults.push('group_not_allowed');
  if (readOnly) faults.push('read_only_user');
  return faults;
}

/** The denial for a group rule that is enforced, in words for the admin. */
export function denyForGroups(fault: ReasonCode, principal: Principal): Denial {
  const detail =
    fault === 'read_only_user'
      ? `${principal.username} is a member of a read-only group and the call is a write.`
      : `${principal.username} is in none of the groups that have API access.`;
  return deny(fault, { detail });
}

function scopeDenial(detail: string): Denial {
  return deny('token_scope', { detail, bearerError: 'insufficient_scope' });
}

/** `token_scope` when an API token's scope, applications, paths or addresses do not cover the call. */
export function decideTokenLimits(
  limits: TokenLimits,
  { application, head, policyPath, classification, clientIp }: LimitedCall,
): Denial | undefined {
  if (limits.scope === 'read' && classification !== 'read') {
    return scopeDenial('The scope of the token is read and the call is a write.');
  }
  if (limits.applications && !(application && limits.applications.has(application.key))) {
    return scopeDenial(`The token is not for the application ${application?.key}.`);
  }
  // A list lets a call through only when its path was sent in canonical form.
  if (limits.allowsPath && !(head.exactPath && limits.allowsPath(policyPath))) {
    return scopeDenial('The path is not among the paths of the token.');
  }
  if (limits.allowsIp && !limits.allowsIp(clientIp)) {
    return scopeDenial(`The address ${clientIp} is not among the addresses of the token.`);
  }
  return undefined;
}
