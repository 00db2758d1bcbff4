import type { ReasonCode } from '../../lib/reasons.js';
import type { Denial, Principal, TokenLimits } from '../decisions/exchange.port.js';
import { deny } from '../decisions/pipeline.port.js';
import { namesOneOf } from './restrictions.port.js';
import type { GroupRestrictions } from './restrictions.port.js';

/** What a call is, as far as the permission rules care. */
export interface Call {
  readonly classification: 'read' | 'write';
  readonly applicationKey: string;
  readonly policyPath: string;
  /** False: the path was not sent in its canonical form, so no list may let it through. */
  readonly exactPath: boolean;
  readonly clientIp: string;
}

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
export function decideTokenLimits(limits: TokenLimits, call: Call): Denial | undefined {
  if (limits.scope === 'read' && call.classification === 'write') {
    return scopeDenial('The scope of the token is read and the call is a write.');
  }
  if (limits.applications && !limits.applications.has(call.applicationKey)) {
    return scopeDenial(`The token is not for the application ${call.applicationKey}.`);
  }
  if (limits.allowsPath && !(call.exactPath && limits.allowsPath(call.policyPath))) {
    return scopeDenial('The path is not among the paths of the token.');
  }
  if (limits.allowsIp && !limits.allowsIp(call.clientIp)) {
    return scopeDenial(`The address ${call.clientIp} is not among the addresses of the token.`);
  }
  return undefined;
}
