import { CHAIN_START, formerRowJson, linkHash, rowJson } from './audit-chain.policy.js';
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
  readonly hash: string;
  readonly id: string;
};

/** Follows one chain from row to row. */
export class ChainWalk {
  private seq = 0;
  private hash = CHAIN_START;
  private missing = 0;
  private firstMissing = 0;
  private lastMissing = 0;

  constructor(
    private readonly day: string,
    readonly chain: string,
    /** What the day's seals say of this chain: hashes by number. */
    private readonly sealed: ReadonlyMap<number, readonly string[]> = new Map(),
  ) {}

  /** The next row in the order of numbers; answers what is wrong with it. */
  step(row: ChainedRow): AuditFault | undefined {
    const gap = row.seq - this.seq - 1;
    if (gap > 0) this.miss(this.seq + 1, row.seq - 1);
    // After a gap the link has nothing to be compared with.
    const asWritten = gap > 0 || this.isLinked(row);
    this.seq = row.seq;
    this.hash = row.hash;
    if (gap < 0) return this.fault('the number is there twice', row.seq, row.id);
    if (!asWritten) return this.fault('the row is not as it was written', row.seq, row.id);
    // The whole chain can be written anew by who can write to the database; what the seals say of it cannot.
    const asSealed = (this.sealed.get(row.seq) ?? []).every((known) => known === row.hash);
    return asSealed
      ? undefined
      : this.fault('the row or one before it is not as it was sealed', row.seq, row.id);
  }

  /** After the last row. What retention deleted may be missing, and nothing else: neither before nor between nor behind the rest. */
  finish(head: ChainHead | undefined, pruned: Pruned): AuditFault | undefined {
    if (!head) return this.fault('the chain is not known');
    if (head.seq > this.seq) this.miss(this.seq + 1, head.seq);
    const gone = pruned.chains.get(this.chain) ?? { rows: 0, top: 0 };
    if (head.seq < this.seq) return this.fault('rows were added behind the end', head.seq + 1);
    if (this.missing !== gone.rows || this.lastMissing > gone.top) return this.missingFault(gone.rows);
    return this.seq === head.seq && this.hash !== head.hash
      ? this.fault('the end of the chain was changed', this.seq)
      : undefined;
  }

  private isLinked(stored: ChainedRow): boolean {
    const row = restoreRow(stored);
    return [rowJson, formerRowJson].some((textOf) => linkHash(this.hash, textOf(row)) === stored.hash);
  }

  private miss(first: number, last: number): void {
    if (this.missing === 0) this.firstMissing = first;
    this.missing += last - first + 1;
    this.lastMissing = last;
  }

  /** Of a chain that retention shortened nobody can tell which of the missing rows it was that it did not delete. */
  private missingFault(gone: number): AuditFault {
    const where = `rows are missing: ${this.missing - gone} in all, the last is number ${this.lastMissing}`;
    return this.fault(where, gone === 0 ? this.firstMissing : this.lastMissing);
  }

  private fault(fault: string, seq?: number, eventId?: string): AuditFault {
    return { day: this.day, chain: this.chain, seq, eventId, fault };
  }
}
