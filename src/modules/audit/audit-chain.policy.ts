import { CHAIN_START } from './audit-group.policy.js';
import type { Link } from './audit-group-writer.policy.js';

interface OpenChain {
  readonly chain: string;
  last: number;
  hash: string;
}

const OPEN_DAYS = 4;

/**
 * Links the groups that one process writes, one chain per UTC day. A group that comes late goes to its own day's
 * chain, or starts another one when that is no longer open.
 */
export class ChainKeeper {
  private readonly open = new Map<string, OpenChain>();
  private generation = 0;

  constructor(private readonly writer: string) {}

  /** The place of the day's next group. */
  next(day: string): Link {
    const { chain, last, hash } = this.open.get(day) ?? this.begin(day);
    return { chain, first: last + 1, previous: hash };
  }

  /** The group that `next` was asked for has so many rows, and this hash. */
  add(day: string, rows: number, hash: string): void {
    const chain = this.open.get(day) ?? this.begin(day);
    chain.last += rows;
    chain.hash = hash;
  }

  private begin(day: string): OpenChain {
    const chain = { chain: `${day}/${this.writer}-${this.generation++}`, last: 0, hash: CHAIN_START };
    this.open.set(day, chain);
    const [oldest] = this.open.keys();
    if (this.open.size > OPEN_DAYS && oldest !== undefined) this.open.delete(oldest);
    return chain;
  }
}
