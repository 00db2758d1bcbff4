import { isFormerRow } from './audit-former-rows.policy.js';
import { CHAIN_START, groupHash, MOST_GROUP_ROWS } from './audit-group.policy.js';
import type { ChainHead, Pruned } from './audit-seal.policy.js';
import { restoreRow } from './audit-view.policy.js';
import type { StoredRow } from './audit-view.policy.js';

/** One place where the log is not what was written. */
export interface AuditFault {
  readonly day: string;
  readonly chain?: string;
  readonly seq?: number;
  readonly eventId?: string;
  readonly fault: string;
}

export type ChainedRow = StoredRow & {
  readonly chain: string;
  readonly seq: number;
  /** Of the last row of a group. */
  readonly hash: string | null;
  /** Undefined when the database was not brought up to date yet: all its rows are links of their own. */
  readonly previous: string | null | undefined;
  readonly id: string;
};

const NOT_AS_SEALED = 'the row or one before it is not as it was sealed';

/** The last row of a group. */
type GroupEnd = ChainedRow & { readonly hash: string };

/** No group is larger, so that nobody needs much memory by removing the ends of groups. */
const MOST_OPEN = MOST_GROUP_ROWS + 1;

/**
 * Follows one chain from row to row, group by group. Rows that are missing are judged in the end, when it is known how
 * many retention deleted. A group of which some are missing has nothing to be compared with: retention may have cut
 * through it.
 */
export class ChainWalk {
  private seq = 0;
  /** Of the last group that ended. */
  private hash = CHAIN_START;
  /** The rows since then, or since the last that is missing. */
  private open: ChainedRow[] = [];
  private afterGap = false;
  private missing = 0;
  private firstMissing = 0;
  private lastMissing = 0;

  constructor(
    private readonly day: string,
    readonly chain: string,
    /** What the day's seals say of this chain: hashes by number. */
    private readonly sealed: ReadonlyMap<number, readonly string[]> = new Map(),
  ) {}

  /** The next row in the order of numbers; answers what is wrong with it, or with the group that it ends. */
  step(row: ChainedRow): AuditFault | undefined {
    const gap = row.seq - this.seq - 1;
    if (gap > 0) this.miss(this.seq + 1, row.seq - 1);
    this.seq = row.seq;
    if (gap < 0) return this.fault('the number is there twice', row);
    this.open.push(row);
    if (isEnd(row)) return this.endGroup(row);
    // Behind a gap nothing else would tell that the end of a group was removed.
    if (this.sealed.has(row.seq)) return this.fault(NOT_AS_SEALED, row);
    if (this.open.length < MOST_OPEN) return undefined;
    const [first] = this.open;
    this.open = [];
    return this.fault('the rows from here on belong to no group', first);
  }

  private endGroup(end: GroupEnd): AuditFault | undefined {
    const rows = this.open;
    const asWritten = this.isGroup(rows, end) || this.afterGap;
    this.open = [];
    this.afterGap = false;
    this.hash = end.hash;
    if (!asWritten) {
      const which = rows.length === 1 ? 'the row' : `a row from here to number ${end.seq}`;
      return this.fault(`${which} is not as it was written`, rows[0]);
    }
    // The whole chain can be written anew by who can write to the database; what the seals say of it cannot.
    const asSealed = (this.sealed.get(end.seq) ?? []).every((known) => known === end.hash);
    return asSealed ? undefined : this.fault(NOT_AS_SEALED, end);
  }

  /** After a gap the group before is not known; the one after it tells whether what this one says of it is true. */
  private isGroup(stored: readonly ChainedRow[], { hash, previous }: GroupEnd): boolean {
    const rows = stored.map(restoreRow);
    const [row] = rows;
    if (typeof previous !== 'string')
      return rows.length === 1 && row !== undefined && isFormerRow(row, this.hash, hash);
    const first = stored[0]?.seq ?? 0;
    const isNext = this.afterGap || previous === this.hash;
    return isNext && groupHash({ chain: this.chain, first, previous, rows }) === hash;
  }

  /** After the last row. What retention deleted may be missing, and nothing else: neither before nor between nor behind the rest. */
  finish(head: ChainHead | undefined, pruned: Pruned): AuditFault | undefined {
    if (!head) return this.fault('the chain is not known');
    if (head.seq > this.seq) this.miss(this.seq + 1, head.seq);
    const gone = pruned.chains.get(this.chain) ?? { rows: 0, top: 0 };
    if (head.seq < this.seq) return this.fault('rows were added behind the end', { seq: head.seq + 1 });
    if (this.missing !== gone.rows || this.lastMissing > gone.top) return this.missingFault(gone.rows);
    return this.seq === head.seq && this.hash !== head.hash
      ? this.fault('the end of the chain was changed', { seq: this.seq })
      : undefined;
  }

  private miss(first: number, last: number): void {
    if (this.missing === 0) this.firstMissing = first;
    this.missing += last - first + 1;
    this.lastMissing = last;
    this.open = [];
    this.afterGap = true;
  }

  /** Of a chain that retention shortened nobody can tell which of the missing rows it was that it did not delete. */
  private missingFault(gone: number): AuditFault {
    const where = `rows are missing: ${this.missing - gone} in all, the last is number ${this.lastMissing}`;
    return this.fault(where, { seq: gone === 0 ? this.firstMissing : this.lastMissing });
  }

  private fault(fault: string, at?: { readonly seq: number; readonly id?: string }): AuditFault {
    return { day: this.day, chain: this.chain, seq: at?.seq, eventId: at?.id, fault };
  }
}

function isEnd(row: ChainedRow): row is GroupEnd {
  return row.hash !== null;
}
