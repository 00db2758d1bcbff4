import { compilePatternSet } from '../../lib/ant-pattern.js';
import type { PatternSet } from '../../lib/ant-pattern.js';
import type { MethodRule } from '../../lib/method-rule.js';
import { SnapshotSlot } from '../../platform/change-feed/snapshot.js';

/** The three lists, compiled. What each of them means is in public-api.policy.ts. */
export interface PublicApiLists {
  readonly restricted: PatternSet<MethodRule>;
  readonly bypass: PatternSet<MethodRule>;
  readonly additionalPublic: PatternSet<MethodRule>;
}

const NOTHING: PatternSet<MethodRule> = compilePatternSet<MethodRule>([]);

export const PUBLIC_API = new SnapshotSlot<PublicApiLists>('public-api', {
  restricted: NOTHING,
  bypass: NOTHING,
  additionalPublic: NOTHING,
});
