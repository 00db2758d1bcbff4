import { SnapshotSlot } from '../../platform/change-feed/snapshot.js';
import type { ReadWriteRules } from './read-write.policy.js';

export { classify } from './read-write.policy.js';
export type { Classified } from './classified.policy.js';

/** `report`: nothing is refused; what would have been is noted in the audit log. */
export type RestrictionMode = 'enforce' | 'report';

/** One list of groups with its switch. */
export interface GroupRule {
  readonly enabled: boolean;
  readonly groups: readonly string[];
  /** `groups` in lower case: group names are compared without case, as the products do. */
  readonly groupKeys: ReadonlySet<string>;
}

/** Who may call, who may only read, and who may create tokens. */
export interface GroupRestrictions {
  readonly apiAccess: GroupRule;
  readonly readOnly: GroupRule;
  readonly tokenCreation: GroupRule;
  /** Holds for `apiAccess` and `readOnly`. */
  readonly mode: RestrictionMode;
}

/** From which header, and from whom, the client's address is taken. */
export interface ReverseProxyRule {
  readonly enabled: boolean;
  /** Lower case. */
  readonly header: string;
  readonly isTrusted: (address: string) => boolean;
}

export interface IpRestrictions {
  readonly enabled: boolean;
  readonly isAllowed: (address: string) => boolean;
  readonly reverseProxy: ReverseProxyRule;
  readonly mode: RestrictionMode;
}

const NO_GROUPS: GroupRule = { enabled: false, groups: [], groupKeys: new Set() };

export const GROUP_RESTRICTIONS = new SnapshotSlot<GroupRestrictions>('restrictions/groups', {
  apiAccess: NO_GROUPS,
  readOnly: NO_GROUPS,
  tokenCreation: NO_GROUPS,
  mode: 'enforce',
});

export const IP_RESTRICTIONS = new SnapshotSlot<IpRestrictions>('restrictions/ip', {
  enabled: false,
  isAllowed: () => false,
  reverseProxy: { enabled: false, header: 'x-forwarded-for', isTrusted: () => false },
  mode: 'enforce',
});

/** What the admin said about reads and writes, on top of the shipped catalogue. */
export const READ_WRITE = new SnapshotSlot<ReadWriteRules>('restrictions/read-write', {
  reads: undefined,
  writes: undefined,
});

/** True when the rule lists one of the groups (given in lower case), whether it is switched on or not. */
export function namesOneOf(rule: GroupRule, groupKeys: ReadonlySet<string>): boolean {
  const [few, many] =
    rule.groupKeys.size < groupKeys.size ? [rule.groupKeys, groupKeys] : [groupKeys, rule.groupKeys];
  for (const key of few) if (many.has(key)) return true;
  return false;
}
