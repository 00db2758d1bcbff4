import { compilePatternSet } from '../../lib/ant-pattern.js';
import type { PatternSet } from '../../lib/ant-pattern.js';
import { SnapshotSlot } from '../../platform/change-feed/snapshot.js';

/** One line of a list, as it is matched. */
export interface ApiRule {
  /** Key of the application; undefined: all of them. */
  readonly application: string | undefined;
  /** Upper case; `GET` stands for `HEAD` as well. Undefined: every method. */
  readonly methods: ReadonlySet<string> | undefined;
  /** As the admin wrote it, for the audit log and explain. */
  readonly path: string;
}

/** The three lists, compiled. What each of them means is in public-api.policy.ts. */
export interface PublicApiLists {
  readonly restricted: PatternSet<ApiRule>;
  readonly bypass: PatternSet<ApiRule>;
  readonly additionalPublic: PatternSet<ApiRule>;
}

const NOTHING: PatternSet<ApiRule> = compilePatternSet<ApiRule>([]);

export const PUBLIC_API = new SnapshotSlot<PublicApiLists>('public-api', {
  restricted: NOTHING,
  bypass: NOTHING,
  additionalPublic: NOTHING,
});
