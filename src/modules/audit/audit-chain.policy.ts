import { hash } from 'node:crypto';
import type { ByteText } from '../../lib/byte-text.js';
import { ROW_COLUMNS, shortName, USUAL_CATEGORY } from './audit-columns.policy.js';
import type { AuditRow, ChainLink } from './audit-row.policy.js';

const REQUEST_ID = shortName('request_id');
const CATEGORY = shortName('category');
const CHAIN = shortName('chain');
const SEQ = shortName('seq');
const HASH = shortName('hash');

/** The hash before the first row of a chain. */
export const CHAIN_START = '';

/** SHA-256 over the hash before and the row's JSON text: changing, removing or adding a row breaks every later one. */
export function linkHash(previous: string, rowJson: string): string {
  return hash('sha256', `${previous}\n${rowJson}`, 'base64url');
}

/** The JSON text that is hashed: short names in the order of the columns, without what is absent or follows from the rest. */
export function rowJson(row: AuditRow): string {
  const stored: Record<string, unknown> = {};
  for (const [name, , short] of ROW_COLUMNS) stored[short] = row[name];
  if (row.request_id === row.id) delete stored[REQUEST_ID];
  if (row.category === USUAL_CATEGORY) delete stored[CATEGORY];
  return JSON.stringify(stored);
}

/** As lines were hashed before they had short names: such rows may be there for as long as retention keeps them. */
export function formerRowJson(row: AuditRow): string {
  return JSON.stringify(row);
}

/** The stored line: the row with its link. */
export function lineOf(json: string, link: ChainLink): string {
  return `${json.slice(0, -1)},"${CHAIN}":"${link.chain}","${SEQ}":${link.seq},"${HASH}":"${link.hash}"}`;
}

/** Room before a row for what is hashed before it: the hash of the row before, and a line feed. */
export const ROOM_BEFORE_ROW = 44;
/** What a link adds to a row at most: the fields of `ChainLink` and a line feed. */
export const MOST_LINK_BYTES = 200;

const LINE_FEED = 0x0a;
const BEFORE_HASH = Buffer.from(`,"${HASH}":"`);
const END_OF_LINE = Buffer.from('"}\n');

interface OpenChain {
  /** What comes before the number of a link. */
  readonly lead: Uint8Array;
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

  /** Makes the JSON text of a row, which `line` holds from `ROOM_BEFORE_ROW` on, the stored line with its line feed. */
  link(day: string, line: ByteText): void {
    const chain = this.open.get(day) ?? this.begin(day);
    // As `linkHash`.
    const from = ROOM_BEFORE_ROW - chain.hash.length - 1;
    line.putAscii(from, chain.hash);
    line.bytes[ROOM_BEFORE_ROW - 1] = LINE_FEED;
    chain.hash = hash('sha256', line.bytes.subarray(from, line.length), 'base64url');
    chain.seq += 1;
    // The link goes before the brace that ends the row.
    line.length -= 1;
    line.add(chain.lead);
    line.addNumber(chain.seq);
    line.add(BEFORE_HASH);
    line.addAscii(chain.hash);
    line.add(END_OF_LINE);
  }

  private begin(day: string): OpenChain {
    const lead = Buffer.from(`,"${CHAIN}":"${day}/${this.writer}-${this.generation++}","${SEQ}":`);
    const chain = { lead, seq: 0, hash: CHAIN_START };
    this.open.set(day, chain);
    const [oldest] = this.open.keys();
    if (this.open.size > OPEN_DAYS && oldest !== undefined) this.open.delete(oldest);
    return chain;
  }
}
