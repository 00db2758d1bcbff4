import { hash } from 'node:crypto';
import type { AuditRow, ChainLink } from './audit-row.policy.js';

/** The hash before the first row of a chain. */
export const CHAIN_START = '';

/** SHA-256 over the hash before and the row's JSON text: changing, removing or adding a row breaks every later one. */
export function linkHash(previous: string, rowJson: string): string {
  return hash('sha256', `${previous}\n${rowJson}`, 'base64url');
}

/** The JSON text that is hashed: fields in the order of `AuditRow`, absent ones left out. */
export function rowJson(row: AuditRow): string {
  return JSON.stringify(row);
}

/** The stored line: the row with its link. */
export function lineOf(json: string, link: ChainLink): string {
  return `${json.slice(0, -1)},"chain":"${link.chain}","seq":${link.seq},"hash":"${link.hash}"}`;
}

interface OpenChain {
  readonly id: string;
  seq: number;
  hash: string;
}

const OPEN_DAYS = 4;

/**
 * Links the rows that one process writes, one chain per UTC day. A row that comes late goes to its own day's chain,
 * or starts another one when that is no longer open.
 */
export class ChainKeeper {
  private readonly open = new Map<string, OpenChain>();
  private generation = 0;

  constructor(private readonly writer: string) {}

  link(day: string, json: string): ChainLink {
    const chain = this.open.get(day) ?? this.begin(day);
    chain.hash = linkHash(chain.hash, json);
    chain.seq += 1;
    return { chain: chain.id, seq: chain.seq, hash: chain.hash };
  }

  private begin(day: string): OpenChain {
    const chain = { id: `${day}/${this.writer}-${this.generation++}`, seq: 0, hash: CHAIN_START };
    this.open.set(day, chain);
    const [oldest] = this.open.keys();
    if (this.open.size > OPEN_DAYS && oldest !== undefined) this.open.delete(oldest);
    return chain;
  }
}
